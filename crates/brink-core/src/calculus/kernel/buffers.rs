//! A pool of reusable buffers. A new allocation of this size would cost more than the computation that uses
//! it.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use crate::calculus::real::Real;

/// Buffers that are currently not in use.
#[derive(Debug, Default)]
pub struct Buffers<T>(Mutex<Vec<Vec<T>>>);

impl<T: Real> Buffers<T> {
    /// A buffer of `len` entries with unspecified values.
    pub fn take(&self, len: usize) -> Buffer<'_, T> {
        let mut data = self.idle().pop().unwrap_or_default();
        if data.len() < len {
            data.resize(len, T::zero());
        }
        Buffer { data, len, home: self }
    }

    /// A buffer of `len` zeros.
    pub fn zeros(&self, len: usize) -> Buffer<'_, T> {
        let mut buffer = self.take(len);
        buffer.fill(T::zero());
        buffer
    }
}

impl<T> Buffers<T> {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Vec<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A borrowed buffer, returned to the pool when dropped.
#[derive(Debug)]
pub struct Buffer<'a, T> {
    data: Vec<T>,
    len: usize,
    home: &'a Buffers<T>,
}

impl<T> Deref for Buffer<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.data[..self.len]
    }
}

impl<T> DerefMut for Buffer<'_, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.data[..self.len]
    }
}

impl<T> Drop for Buffer<'_, T> {
    fn drop(&mut self) {
        self.home.idle().push(std::mem::take(&mut self.data));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_as_it_is() {
        let buffers = Buffers::<f32>::default();
        buffers.take(3).fill(1.0);
        let (first, second) = (buffers.take(2), buffers.zeros(4));
        assert_eq!((&*first, &*second), (&[1.0; 2][..], &[0.0; 4][..]));
        drop((first, second));
        assert_eq!(buffers.idle().len(), 2);
    }
}
