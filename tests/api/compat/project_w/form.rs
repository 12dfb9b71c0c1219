//! Multipart forms, written by hand as clients do.

/// A form that grows; it ends when it is sent.
#[derive(Clone, Default)]
pub struct Form(Vec<u8>);

/// Stands between its parts.
pub const BOUNDARY: &str = "----a-boundary-that-no-recording-has";

impl Form {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn text(self, name: &str, value: &str) -> Self {
        self.part(&format!("form-data; name=\"{name}\""), None, value.as_bytes())
    }

    /// A file, whose name goes over the wire as browsers write it.
    pub fn file(self, name: &str, file_name: &str, media_type: &str, bytes: &str) -> Self {
        let head = format!("form-data; name=\"{name}\"; filename=\"{file_name}\"");
        self.part(&head, Some(media_type), bytes.as_bytes())
    }

    /// A part whose head says this, in whatever encoding.
    pub fn raw(self, disposition: &[u8], bytes: &str) -> Self {
        self.headed(disposition, None, bytes.as_bytes())
    }

    fn part(self, disposition: &str, media_type: Option<&str>, bytes: &[u8]) -> Self {
        self.headed(disposition.as_bytes(), media_type, bytes)
    }

    fn headed(mut self, disposition: &[u8], media_type: Option<&str>, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(format!("--{BOUNDARY}\r\nContent-Disposition: ").as_bytes());
        self.0.extend_from_slice(disposition);
        self.0.extend_from_slice(b"\r\n");
        if let Some(media_type) = media_type {
            self.0.extend_from_slice(format!("Content-Type: {media_type}\r\n").as_bytes());
        }
        self.0.extend_from_slice(b"\r\n");
        self.0.extend_from_slice(bytes);
        self.0.extend_from_slice(b"\r\n");
        self
    }

    /// The body, whole.
    pub fn bytes(mut self) -> Vec<u8> {
        self.0.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.0
    }
}
