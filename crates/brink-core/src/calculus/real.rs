//! The scalar type of a computation: `f32` or `f64`.

use std::fmt::{Debug, Display};
use std::iter::Sum;

use serde::{Serialize, de::DeserializeOwned};

use super::kernel::elementary::Elementary;

/// A floating-point type that the whole engine is generic over.
pub trait Real:
    num_traits::Float
    + num_traits::NumAssign
    + Elementary
    + Sum
    + Default
    + Serialize
    + DeserializeOwned
    + Debug
    + Display
    + Send
    + Sync
    + 'static
{
    /// The nearest value of this type.
    fn of(x: f64) -> Self;
    /// This value widened, exactly.
    fn widen(self) -> f64;
}

impl Real for f32 {
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what this does")]
    fn of(x: f64) -> Self {
        x as f32
    }
    #[inline(always)]
    fn widen(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    #[inline(always)]
    fn of(x: f64) -> Self {
        x
    }
    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }
}
