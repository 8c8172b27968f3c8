//! Gradient descent, gradient flow and central flow from one initial point. Sees a loss only through
//! [`crate::objective::Objective`]; knows no threads, channels or files.

pub mod complementarity;
pub mod record;

pub use record::{CentralFlowRecord, Event, Process, ProcessRecord, StepOutcome, StepRecord};
