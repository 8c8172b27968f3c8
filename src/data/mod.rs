//! Built-in data, synthetic data and import: what a network is trained on.
