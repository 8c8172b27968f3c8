//! Architectures, each one forward function over the tape's vocabulary.
