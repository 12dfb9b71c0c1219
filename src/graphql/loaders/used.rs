//! What accounts and their members used, added up together.

use std::{collections::HashMap, future::Future, sync::Arc};

use dataloader::BatchFn;
use entity::Total;

use super::Loaded;
use crate::{
    app::App,
    domain::usage::{UsedOf, used},
    viewer::Viewer,
};

pub(super) struct Used {
    pub app: App,
    pub viewer: Viewer,
}

impl BatchFn<UsedOf, Loaded<Total>> for Used {
    fn load(&mut self, keys: &[UsedOf]) -> impl Future<Output = HashMap<UsedOf, Loaded<Total>>> {
        let (app, viewer, keys) = (self.app.clone(), self.viewer.clone(), keys.to_vec());
        async move {
            match used(&app, &viewer, &keys).await {
                Ok(sums) => sums.into_iter().map(|(key, sum)| (key, Ok(Some(Arc::new(sum))))).collect(),
                Err(error) => {
                    let error = Arc::new(error);
                    keys.iter().map(|key| (*key, Err(Arc::clone(&error)))).collect()
                }
            }
        }
    }
}
