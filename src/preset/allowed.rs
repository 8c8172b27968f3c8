//! The allowed values of a preset key: the check of a single value, its words in a message, and its entry in the table of the
//! documentation.

/// A bound of a range of real numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// No bound.
    None,
    /// An exclusive bound.
    Open(f64),
    /// An inclusive bound.
    Closed(f64),
}

/// The allowed values of a key. `of` names the networks or data sets to which the key applies; it is empty if
/// the key applies to all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// A range described in words, for messages and for the table of the documentation.
    Words {
        /// Text for messages; completes "… is allowed".
        said: &'static str,
        /// Text for the table.
        listed: &'static str,
    },
    /// An integer.
    Whole {
        /// The minimum.
        least: usize,
        /// The maximum.
        most: usize,
        /// The scope of the key.
        of: &'static str,
    },
    /// A finite real number.
    Real {
        /// The noun for messages, such as "a number of steps".
        noun: &'static str,
        /// The lower bound.
        low: Bound,
        /// The upper bound.
        high: Bound,
        /// The scope of the key.
        of: &'static str,
    },
    /// `true` or `false`.
    Flag {
        /// The scope of the key.
        of: &'static str,
    },
    /// One of several names.
    OneOf {
        /// The names.
        names: &'static [&'static str],
        /// The scope of the key.
        of: &'static str,
    },
    /// An integer, or a list of integers in the same range.
    WholeOrList {
        /// The minimum.
        least: usize,
        /// The maximum.
        most: usize,
        /// The scope of a single number.
        of: &'static str,
        /// Maximum length of the list.
        longest: usize,
        /// The scope of a list.
        list_of: &'static str,
    },
    /// A list of integers.
    Wholes {
        /// Maximum length of the list.
        longest: usize,
        /// The minimum of the numbers.
        least: usize,
        /// The maximum of the numbers.
        most: usize,
        /// The scope of the key.
        of: &'static str,
    },
    /// A list of finite real numbers.
    Reals {
        /// Maximum length of the list.
        longest: usize,
        /// The scope of the key.
        of: &'static str,
    },
}

impl Range {
    /// Whether an integer is in the range. Ranges of other kinds allow every integer.
    pub fn has_whole(&self, value: usize) -> bool {
        match *self {
            Self::Whole { least, most, .. }
            | Self::WholeOrList { least, most, .. }
            | Self::Wholes { least, most, .. } => (least..=most).contains(&value),
            _ => true,
        }
    }

    /// Whether a real number is finite and in the range. Ranges of other kinds allow every finite number.
    pub fn has_real(&self, value: f64) -> bool {
        let Self::Real { low, high, .. } = *self else { return value.is_finite() };
        let above = match low {
            Bound::None => true,
            Bound::Open(end) => value > end,
            Bound::Closed(end) => value >= end,
        };
        let below = match high {
            Bound::None => true,
            Bound::Open(end) => value < end,
            Bound::Closed(end) => value <= end,
        };
        value.is_finite() && above && below
    }

    /// Whether the length of a list is allowed. Ranges of other kinds allow every length.
    pub fn has_length(&self, length: usize) -> bool {
        match *self {
            Self::WholeOrList { longest, .. }
            | Self::Wholes { longest, .. }
            | Self::Reals { longest, .. } => (1..=longest).contains(&length),
            _ => true,
        }
    }

    /// The range in words; completes "… is allowed".
    pub fn said(&self) -> String {
        match *self {
            Self::Words { said, .. } => said.into(),
            Self::Whole { least, most, of } => format!("a whole number from {least} to {most}{}", within(of)),
            Self::Real { noun, low, high, of } => {
                let ends = match (low, high) {
                    (Bound::None, Bound::None) => String::new(),
                    (Bound::Closed(low), Bound::Closed(high)) => {
                        format!(" from {} to {}", plain(low), plain(high))
                    }
                    (Bound::Closed(low), Bound::Open(high)) => {
                        format!(" from {} to {}, below {}", plain(low), plain(high), plain(high))
                    }
                    (Bound::Closed(low), Bound::None) => format!(", {} or more", plain(low)),
                    (Bound::Open(low), Bound::Closed(high)) => {
                        format!(" > {}, at most {}", plain(low), plain(high))
                    }
                    (Bound::Open(low), _) => format!(" > {}", plain(low)),
                    (Bound::None, Bound::Open(high)) => format!(" < {}", plain(high)),
                    (Bound::None, Bound::Closed(high)) => format!(", at most {}", plain(high)),
                };
                format!("{noun}{ends}{}", within(of))
            }
            Self::Flag { of } => format!("true or false{}", within(of)),
            Self::OneOf { names, of } => {
                let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
                let names = match quoted.split_last() {
                    Some((last, before)) if !before.is_empty() => format!("{} or {last}", before.join(", ")),
                    _ => quoted.concat(),
                };
                format!("{names}{}", within(of))
            }
            Self::WholeOrList { least, most, of, longest, list_of } => format!(
                "a whole number from {least} to {most}{}, or a list of 1 to {longest} of them ({list_of} only)",
                within(of)
            ),
            Self::Wholes { longest, least, most, of } => {
                format!("a list of 1 to {longest} whole numbers from {least} to {most}{}", within(of))
            }
            Self::Reals { longest, of } => format!("a list of 1 to {longest} finite numbers{}", within(of)),
        }
    }

    /// The range as shown in the table of the documentation.
    pub fn listed(&self) -> String {
        match *self {
            Self::Words { listed, .. } => listed.into(),
            Self::Whole { least, most, .. } => span(least as f64, most as f64),
            Self::Real { low, high, .. } => match (low, high) {
                (Bound::None, Bound::None) => "a number".into(),
                (Bound::Closed(low), Bound::Closed(high)) => span(low, high),
                (Bound::Closed(low), Bound::Open(high)) => {
                    format!("{} ≤ value < {}", brief(low), brief(high))
                }
                (Bound::Closed(low), Bound::None) => format!("≥ {}", brief(low)),
                (Bound::Open(low), Bound::Closed(high)) => format!("> {}, ≤ {}", brief(low), brief(high)),
                (Bound::Open(low), _) => format!("> {}", brief(low)),
                (Bound::None, Bound::Open(high)) => format!("< {}", brief(high)),
                (Bound::None, Bound::Closed(high)) => format!("≤ {}", brief(high)),
            },
            Self::Flag { .. } => "true, false".into(),
            Self::OneOf { names, .. } => {
                names.iter().map(|name| format!("`\"{name}\"`")).collect::<Vec<_>>().join(", ")
            }
            Self::WholeOrList { least, most, longest, list_of, .. } => {
                format!("{least}–{most}, or for {list_of} a list of 1–{longest} of them")
            }
            Self::Wholes { longest, least, most, .. } => {
                format!("a list of 1–{longest} whole numbers, each {least}–{most}")
            }
            Self::Reals { longest, .. } => format!("a list of 1–{longest} numbers"),
        }
    }
}

/// A scope in brackets; empty if there is none.
fn within(of: &str) -> String {
    if of.is_empty() { String::new() } else { format!(" ({of})") }
}

/// A number in TOML notation: 1000000, 0.1, 1e-14.
fn plain(value: f64) -> String {
    if value != 0.0 && value.abs() < 1e-4 { format!("{value:e}") } else { value.to_string() }
}

/// A number for the table; powers of ten from 100,000 upwards have a superscript exponent.
fn brief(value: f64) -> String {
    let exponent = value.log10();
    if value >= 1e4 && exponent.fract() == 0.0 {
        let digit = |c: char| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(c as usize - '0' as usize).unwrap_or(c);
        return format!("10{}", exponent.to_string().chars().map(digit).collect::<String>());
    }
    plain(value)
}

/// A range for the table.
fn span(low: f64, high: f64) -> String {
    let (low, high) = (brief(low), brief(high));
    let wide = low.contains("e-") || high.starts_with("10") && high.chars().any(|c| "⁰¹²³⁴⁵⁶⁷⁸⁹".contains(c));
    if wide { format!("{low} – {high}") } else { format!("{low}–{high}") }
}
