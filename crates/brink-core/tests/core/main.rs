//! The mathematics compared with the reference implementation and with candle, and property tests.

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
