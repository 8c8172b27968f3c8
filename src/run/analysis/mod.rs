//! Quantities derived from a recorded run: curves, cycles, validity, covariance.

pub mod closing;
pub mod covariance;
pub mod curves;
pub mod cycles;
pub mod milestones;
pub mod outline;
pub mod smoothed;
pub mod validity;
