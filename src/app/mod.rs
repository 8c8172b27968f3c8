//! The window: state, commands, controls.
