//! The common style of all pictures: colours, fonts, titles, numbers, equations.

pub mod equation;
pub mod font;
pub mod numbers;
pub mod theme;
