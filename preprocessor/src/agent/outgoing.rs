//! Bytes on their way to the runner.
//!
//! They leave as far as the pipe takes them, without ever waiting for it. A large event leaves while it is written, so
//! that it is hardly ever here as a whole.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, BorrowedFd};

/// A pipe takes 64 KiB at once.
pub(super) const BATCH: usize = 48 << 10;

/// See the module.
pub(super) struct Outgoing {
    pipe: File,
    bytes: Vec<u8>,
    /// So many of them have left.
    sent: usize,
    /// With so many it is worth a try.
    try_at: usize,
    /// Nobody will read any more.
    closed: bool,
}

impl Outgoing {
    /// Into a pipe that does not block.
    pub(super) fn new(pipe: File) -> Self {
        Self {
            pipe,
            bytes: Vec::new(),
            sent: 0,
            try_at: BATCH,
            closed: false,
        }
    }

    /// What to poll.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }

    /// How many bytes wait.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Whether nobody will read any more.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Sends what the pipe takes.
    pub(super) fn send(&mut self) {
        while self.len() > 0 && !self.closed {
            match self.pipe.write(&self.bytes[self.sent..]) {
                Ok(0) => break,
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => self.closed = true,
            }
        }
        self.forget_sent();
        self.try_at = self.bytes.len() + BATCH;
    }

    fn forget_sent(&mut self) {
        // More than this is not kept for the next event.
        const KEPT: usize = 256 << 10;
        if self.len() == 0 {
            self.bytes.clear();
            self.bytes.shrink_to(KEPT);
        } else if self.sent > self.bytes.len() / 2 {
            self.bytes.drain(..self.sent);
        } else {
            return;
        }
        self.sent = 0;
    }
}

impl Write for Outgoing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= self.try_at {
            self.send();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
