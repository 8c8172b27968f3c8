//! Numbers as text.

/// A number in a few digits.
pub(crate) fn short(x: f64) -> String {
    if x.is_finite() && (x == 0.0 || (1e-3..1e4).contains(&x.abs())) {
        format!("{x:.3}").replace('-', "−")
    } else {
        read_out(x)
    }
}

/// The exponent of the power of ten at or below a positive value.
pub(crate) fn decade(value: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "between −324 and 308")]
    let exponent = (value.log10() + 1e-9).floor() as i32;
    exponent.clamp(-300, 300)
}

/// Without trailing zeros after the decimal point.
pub(crate) fn trim(number: String) -> String {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.').to_owned() } else { number }
}

/// A number in superscript digits.
pub fn superscript(number: i32) -> String {
    let digit = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_u32(digit as u32 - '0' as u32 + '⁰' as u32).unwrap_or(digit),
    };
    number.to_string().chars().map(digit).collect()
}

/// A number in subscript digits.
pub fn subscript(number: usize) -> String {
    let digit = |c: char| char::from_u32(c as u32 - '0' as u32 + '₀' as u32).unwrap_or(c);
    number.to_string().chars().map(digit).collect()
}

/// A number for read-outs: four significant digits.
pub fn read_out(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞" } else { "−∞" }.into();
    }
    let text = match value.abs() {
        0.0 => "0".into(),
        size if (1e-3..1e5).contains(&size) => {
            let decimals = usize::try_from(3 - decade(size)).unwrap_or(0);
            trim(format!("{value:.decimals$}"))
        }
        size => {
            let exponent = decade(size);
            format!("{:.3}·10{}", value / power(exponent), superscript(exponent))
        }
    };
    text.replace('-', "−")
}

pub(crate) fn power(exponent: i32) -> f64 {
    10f64.powi(exponent)
}
