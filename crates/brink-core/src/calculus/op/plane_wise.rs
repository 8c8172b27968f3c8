//! Operations that act linearly and identically on every plane: one map of a sample, applied to all planes
//! and samples.

use std::fmt::Debug;

use super::{Adjoints, Context, Gradient, Output, Own, Primitive};
use crate::calculus::real::Real;
use crate::calculus::tape::NodeId;

/// A linear map of one value without parameters.
pub trait PlaneWise<T: Real>: Debug + Send + Sync {
    /// The argument.
    fn argument(&self) -> NodeId;

    /// Writes z for any number of consecutive samples (or planes of samples).
    fn apply(&self, x: &[T], z: &mut [T]);

    /// Applies the transposed map to the adjoint of z. The result is written to the adjoint of x or, with
    /// `accumulate`, added to it.
    fn apply_transposed(&self, z: &[T], x: &mut [T], accumulate: bool);
}

/// A plane-wise linear map as a primitive.
#[derive(Clone, Debug)]
pub struct EachPlane<P>(pub P);

impl<T: Real, P: PlaneWise<T>> Primitive<T> for EachPlane<P> {
    fn forward(&self, context: &Context<'_, T>, _: NodeId, out: &mut Output<'_, T>) {
        self.0.apply(context.planes(self.0.argument()), out.planes);
    }

    fn backward(
        &self,
        context: &Context<'_, T>,
        own: Own<'_, T>,
        adjoints: &mut Adjoints<'_, T>,
        _: &mut Gradient<'_, T>,
    ) {
        let argument = self.0.argument();
        if !context.is_variable(argument) {
            return;
        }
        let len = context.len(argument) * context.stacked();
        let (adjoint, accumulate) = adjoints.target(argument, len);
        self.0.apply_transposed(own.planes(context.phase), adjoint, accumulate);
    }
}
