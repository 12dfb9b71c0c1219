//! Content of the types that the configuration declares. Everybody who is logged in reads all of it and makes some; who made
//! it changes and removes it, and nobody else.

use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request};
use axum::http::header::CONTENT_LENGTH;
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, operation};
use crate::compat::backrest::auth::user;
use crate::compat::backrest::content::{Content, Draft};
use crate::compat::backrest::envelope::{Refusal, shown, streamed};
use crate::compat::backrest::file::{self, Given};
use crate::compat::backrest::form::{BYTES, Form};
use crate::compat::backrest::negotiate::Talking;
use crate::compat::{Call, Failure, Page};
use crate::domain::content::Type;
use crate::domain::file::delete as remove_file;
use crate::graphql::id;

operation!(LIST, "Backrest_ListContent", "list_content", Listed);
operation!(SHOW, "Backrest_ShowContent", "show_content", Shown);
operation!(SHOW_OWN_PROJECT, "Backrest_ShowOwnProject", "show_own_project", OwnProject);
operation!(CREATE, "Backrest_CreateContent", "create_content", Created);
operation!(UPDATE, "Backrest_UpdateContent", "update_content", Updated);
operation!(DELETE, "Backrest_DeleteContent", "delete_content");

/// A page of content.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::backrest) struct Listed {
    shared_data: Page<Content>,
}

/// Some content, and who asks for it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::backrest) struct Shown {
    viewer: Caller,
    project_data: Option<Content>,
}

#[derive(Debug, Deserialize)]
struct Caller {
    user: Option<Named>,
}

#[derive(Debug, Deserialize)]
struct Named {
    id: String,
}

/// Where the caller's content is kept.
#[derive(Debug, Deserialize)]
pub(in crate::compat::backrest) struct OwnProject {
    viewer: Owner,
}

#[derive(Debug, Deserialize)]
struct Owner {
    user: Option<Owning>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Owning {
    personal_project: Option<Named>,
}

/// Content that was made.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::backrest) struct Created {
    project_data_create: Payload,
}

/// Content that was changed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::backrest) struct Updated {
    project_data_update: Payload,
}

#[derive(Debug, Deserialize)]
struct Payload {
    data: Content,
}

/// The names in a path, unless they are no text.
type Names<T> = Result<Path<T>, PathRejection>;

/// The type of a collection, for who is logged in.
fn declared(call: &Call, collection: &str) -> Result<Type, Refusal> {
    let of = call.app().content.find(collection).ok_or_else(Refusal::not_found)?;
    user(call)?;
    Ok(of)
}

fn named<T>(path: Names<T>) -> Result<T, Refusal> {
    path.map(|Path(names)| names).map_err(|_| Refusal::not_found())
}

/// A bare list, oldest first. It is written while it is read: one page is in memory at a time.
pub(in crate::compat::backrest) async fn list(Talking(call): Talking, path: Names<String>) -> Answer {
    let of = declared(&call, &named(path)?)?;
    let first = page(&call, &of, None).await?;
    let rest = stream::try_unfold((call, of, Some(first), "["), |(call, of, page, before)| async move {
        let Some((items, after)) = page else { return Ok(None) };
        let mut text = String::new();
        let mut before = before;
        for item in items {
            text.push_str(std::mem::replace(&mut before, ","));
            text.push_str(&item.into_json(&call, &of).to_string());
        }
        let next = if after.is_some() {
            Some(self::page(&call, &of, after).await.map_err(|failure| {
                tracing::warn!(code = failure.code.as_str(), "a list broke off: {}", failure.message);
                std::io::Error::other("the list could not be read to its end")
            })?)
        } else {
            // An empty list has not begun yet.
            text.push_str(if before == "[" { "[]" } else { "]" });
            None
        };
        Ok::<_, std::io::Error>(Some((Bytes::from(text), (call, of, next, before))))
    });
    Ok(streamed(Body::from_stream(rest.boxed())))
}

/// A page of content, and where the next one begins.
type Items = (Vec<Content>, Option<String>);

async fn page(call: &Call, of: &Type, after: Option<String>) -> Result<Items, Failure> {
    let page = LIST.run(call, json!({ "type": of.name, "after": after })).await?.shared_data;
    let after = page.next();
    Ok((page.nodes, after))
}

pub(in crate::compat::backrest) async fn show(Talking(call): Talking, path: Names<(String, String)>) -> Answer {
    let (collection, number) = named(path)?;
    let of = declared(&call, &collection)?;
    let (content, _) = find(&call, &of, &number).await?;
    Ok(shown(&content.into_json(&call, &of)))
}

/// Content by its number as the path has it, and whether the caller made it.
async fn find(call: &Call, of: &Type, number: &str) -> Result<(Content, bool), Refusal> {
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let number: i32 = number.parse().ok().filter(|_| digits).ok_or_else(Refusal::not_found)?;
    let found = SHOW.run(call, json!({ "number": number })).await?;
    let content = found.project_data.filter(|content| content.is_of(of)).ok_or_else(Refusal::not_found)?;
    let own = found.viewer.user.is_some_and(|user| content.is_by(&user.id));
    Ok((content, own))
}

/// The global id of content that the caller made.
async fn own(call: &Call, of: &Type, number: &str) -> Result<(String, Content), Refusal> {
    let (mut content, own) = find(call, of, number).await?;
    match content.id.take().filter(|_| own) {
        Some(id) => Ok((id, content)),
        None => Err(Refusal::forbidden()),
    }
}

pub(in crate::compat::backrest) async fn create(
    Talking(call): Talking,
    path: Names<String>,
    request: Request,
) -> Answer {
    let of = declared(&call, &named(path)?)?;
    let project = SHOW_OWN_PROJECT.run(&call, json!({})).await?.viewer.user.and_then(|user| user.personal_project);
    let project = project.ok_or_else(Refusal::forbidden)?;
    let (draft, file) = read(&call, &of, None, request).await?;
    let mut input = json!({
        "projectId": project.id,
        "type": of.name,
        "title": draft.title,
        "description": draft.description.unwrap_or_default(),
        "categories": draft.categories.unwrap_or_default(),
        "value": draft.fields,
        "isShared": true,
    });
    name(&mut input, &file);
    let made = CREATE.run(&call, json!({ "input": input })).await;
    let made = kept(&call, &of, made, file).await?.project_data_create.data;
    Ok(shown(&made.into_json(&call, &of)))
}

pub(in crate::compat::backrest) async fn update(
    Talking(call): Talking,
    path: Names<(String, String)>,
    request: Request,
) -> Answer {
    let (collection, number) = named(path)?;
    let of = declared(&call, &collection)?;
    let (id, before) = own(&call, &of, &number).await?;
    let (draft, file) = read(&call, &of, Some(&before), request).await?;
    let mut input = json!({
        "dataId": id,
        "title": draft.title,
        "description": draft.description,
        "categories": draft.categories,
    });
    if !draft.fields.is_empty() {
        input["valueFields"] = draft.fields.into();
    }
    name(&mut input, &file);
    let changed = UPDATE.run(&call, json!({ "input": input })).await;
    let changed = kept(&call, &of, changed, file).await?.project_data_update.data;
    Ok(shown(&changed.into_json(&call, &of)))
}

/// Says in the input of an operation what becomes of the file.
fn name(input: &mut Value, file: &Given<String>) {
    match file {
        Given::Nothing => {}
        Given::None => input["fileId"] = Value::Null,
        Given::New(id) => input["fileId"] = id.clone().into(),
    }
}

/// The body, with its file in the store.
async fn read(
    call: &Call,
    of: &Type,
    before: Option<&Content>,
    request: Request,
) -> Result<(Draft, Given<String>), Refusal> {
    // A large body is in memory as a whole: no more of them at once than uploads.
    let place = if is_large(&request) { Some(call.app().storage.slot()?) } else { None };
    let mut form = Form::read_within(call, request, call.app().config.backrest.body_bytes).await?;
    let mut draft = Draft::read(&mut form, of, before);
    form.finish()?;
    let file = match std::mem::replace(&mut draft.file, Given::Nothing) {
        Given::Nothing => Given::Nothing,
        Given::None => Given::None,
        Given::New(new) => Given::New(file::store(call, new, place).await.map_err(|failure| named_here(of, failure))?),
    };
    Ok((draft, file))
}

/// Whether a body may be larger than one without a file.
fn is_large(request: &Request) -> bool {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    length.is_none_or(|length: usize| length > BYTES)
}

/// What is wrong with a file, under the name that the type has for it.
fn named_here(of: &Type, mut failure: Failure) -> Failure {
    for field in &mut failure.fields {
        if matches!(field.path.as_str(), "file" | "fileId" | "name" | "Content-Type") {
            field.path = of.file.clone().unwrap_or_default();
        }
    }
    failure
}

/// What came of it; the file of what was not kept goes at once, and need not wait for the sweep.
async fn kept<T>(call: &Call, of: &Type, outcome: Result<T, Failure>, file: Given<String>) -> Result<T, Refusal> {
    if outcome.is_err()
        && let Given::New(file) = file
        && let Some((_, uid)) = id::parse(&file)
        && let Err(error) = remove_file(call.app(), call.viewer(), uid).await
    {
        tracing::debug!(%error, "a file of content that was not kept waits for the sweep");
    }
    Ok(outcome.map_err(|failure| named_here(of, failure))?)
}

pub(in crate::compat::backrest) async fn delete(Talking(call): Talking, path: Names<(String, String)>) -> Answer {
    let (collection, number) = named(path)?;
    let of = declared(&call, &collection)?;
    let (id, _) = own(&call, &of, &number).await?;
    DELETE.run(&call, json!({ "input": { "dataId": id } })).await?;
    Ok(shown(&json!({})))
}
