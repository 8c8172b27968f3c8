//! The checkpoints compiled into the program: the values of `run.checkpoint`.

macro_rules! checkpoints {
    ($($name:literal),+ $(,)?) => {
        /// Name and content of every checkpoint. `run/engine/bundled.rs` parses the content.
        pub const CHECKPOINTS: &[(&str, &[u8])] =
            &[$(($name, include_bytes!(concat!("../../assets/checkpoints/", $name, ".safetensors")))),+];
    };
}

checkpoints!["digits-three-295", "digits-three-440"];

/// The allowed values of `run.checkpoint`.
pub fn names() -> impl Iterator<Item = &'static str> {
    CHECKPOINTS.iter().map(|(name, _)| *name)
}
