//! Frames on the socket between a runner and a sandbox process: a length of four bytes,
//! most significant first, then so many bytes. Both sides hold a bounded number of bytes
//! that wait for the other.

use anyhow::{Result, bail, ensure};
use bifrost_core::Source;
use serde::{Serialize, de::DeserializeOwned};
use std::marker::PhantomData;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Largest frame: a whole workspace with some room.
pub const MAX_FRAME: usize = Source::MAX_BYTES + (16 << 20);

/// Bytes that may wait for the socket before senders have to wait.
const ROOM: usize = 16 << 20;

/// Frames below this size are written together.
const SMALL: usize = 16 << 10;

/// Reads messages.
pub struct Reader(BufReader<OwnedReadHalf>);

impl Reader {
    /// Over this half of a socket.
    pub fn new(half: OwnedReadHalf) -> Self {
        Self(BufReader::with_capacity(4 * SMALL, half))
    }

    /// The next message; `None` when the other side is gone.
    ///
    /// # Errors
    /// When what was read is not a message.
    pub async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        if self.0.fill_buf().await?.is_empty() {
            return Ok(None);
        }
        let length = self.0.read_u32().await? as usize;
        ensure!(length <= MAX_FRAME, "a frame of {length} bytes");
        // Grows with what comes, whatever was announced.
        let mut frame = Vec::with_capacity(length.min(SMALL));
        (&mut self.0).take(length as u64).read_to_end(&mut frame).await?;
        ensure!(frame.len() == length, "the last frame is not complete");
        let (message, rest) = postcard::take_from_bytes(&frame)?;
        ensure!(rest.is_empty(), "{} bytes follow a message", rest.len());
        Ok(Some(message))
    }
}

struct Frame {
    bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

/// Sends messages, in order.
pub struct Outbox<T> {
    frames: mpsc::UnboundedSender<Frame>,
    room: Arc<Semaphore>,
    kind: PhantomData<fn(T)>,
}

impl<T> Clone for Outbox<T> {
    fn clone(&self) -> Self {
        Self { frames: self.frames.clone(), room: self.room.clone(), kind: PhantomData }
    }
}

impl<T: Serialize> Outbox<T> {
    /// Over this half of a socket. The task ends when nothing can be written any more,
    /// or when all outboxes are gone.
    pub fn open(half: OwnedWriteHalf) -> (Self, tokio::task::JoinHandle<()>) {
        let (frames, waiting) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            // An error means that the other side is gone; its reader says so.
            let _ = write(half, waiting).await;
        });
        (Self { frames, room: Arc::new(Semaphore::new(ROOM)), kind: PhantomData }, task)
    }

    /// Sends when there is room.
    ///
    /// # Errors
    /// When the message is too large for a frame, or the other side is gone.
    pub async fn send(&self, message: &T) -> Result<()> {
        let bytes = encode(message)?;
        let room = u32::try_from(bytes.len().min(ROOM))?;
        let room = self.room.clone().acquire_many_owned(room).await?;
        self.put(Frame { bytes, _room: Some(room) })
    }

    /// Sends without waiting for room: for short messages whose number is bounded.
    ///
    /// # Errors
    /// As in [`Self::send`].
    pub fn post(&self, message: &T) -> Result<()> {
        self.put(Frame { bytes: encode(message)?, _room: None })
    }

    /// True when the other side is gone.
    pub fn is_closed(&self) -> bool {
        self.frames.is_closed()
    }

    fn put(&self, frame: Frame) -> Result<()> {
        if self.frames.send(frame).is_err() {
            bail!("the other side is gone");
        }
        Ok(())
    }
}

fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>> {
    let bytes = postcard::to_stdvec(message)?;
    ensure!(bytes.len() <= MAX_FRAME, "a message of {} bytes", bytes.len());
    Ok(bytes)
}

/// Writes frames, small ones that wait together in one system call.
async fn write(mut half: OwnedWriteHalf, mut waiting: mpsc::UnboundedReceiver<Frame>) -> Result<()> {
    let (mut batch, mut buffer) = (vec![], Vec::with_capacity(4 * SMALL));
    while waiting.recv_many(&mut batch, 64).await > 0 {
        for frame in batch.drain(..) {
            buffer.extend(u32::try_from(frame.bytes.len())?.to_be_bytes());
            if frame.bytes.len() < SMALL {
                buffer.extend(&frame.bytes);
            }
            if buffer.len() >= 2 * SMALL || frame.bytes.len() >= SMALL {
                half.write_all(&buffer).await?;
                buffer.clear();
            }
            if frame.bytes.len() >= SMALL {
                half.write_all(&frame.bytes).await?;
            }
        }
        half.write_all(&buffer).await?;
        buffer.clear();
    }
    Ok(())
}
