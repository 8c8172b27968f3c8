//! The checkpoints that are compiled in: values of `run.checkpoint`.

macro_rules! checkpoints {
    ($($name:literal),+ $(,)?) => {
        /// Name and file of every checkpoint. `run/engine/bundled.rs` reads the files.
        pub const CHECKPOINTS: &[(&str, &[u8])] =
            &[$(($name, include_bytes!(concat!("../../assets/checkpoints/", $name, ".safetensors")))),+];
    };
}

checkpoints!["digits-three-295", "digits-three-440"];

/// The names that `run.checkpoint` may have.
pub fn names() -> impl Iterator<Item = &'static str> {
    CHECKPOINTS.iter().map(|(name, _)| *name)
}
