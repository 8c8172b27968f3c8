//! The record of a run: series of numbers, their history, and predictions.

pub mod chunks;
pub mod history;
pub mod predictions;
pub mod pyramid;
pub mod series;
