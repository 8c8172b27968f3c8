//! The mathematics against the reference implementation, against candle, and against properties that must hold.

mod common;

mod calculus_candle;
mod calculus_properties;
mod dynamics_network;
mod dynamics_properties;
mod golden_pointwise;
mod golden_sdcp;
mod golden_trajectories;
mod sequence_networks;
mod spectrum;
mod vision_networks;
