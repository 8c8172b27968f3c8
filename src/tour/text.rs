//! Running text: words, `*strong words*`, mathematics such as `w_t` and `{live numbers}`.

use super::quantity::Quantity;

/// A piece of running text.
#[derive(Clone, Debug, PartialEq)]
pub enum Span {
    /// Words.
    Plain(String),
    /// Emphasized words.
    Strong(String),
    /// A subscript: after a `_`, one character or a group in braces `_{t+1}`.
    Lowered(String),
    /// A number of the run.
    Live(Quantity),
}

/// Parses running text; the error states the problem.
pub(super) fn spans(text: &str) -> Result<Vec<Span>, String> {
    let mut spans = Vec::new();
    let mut plain = String::new();
    let mut chars = text.chars();
    let mut flush = |plain: &mut String, next: Option<Span>| {
        if !plain.is_empty() {
            spans.push(Span::Plain(std::mem::take(plain)));
        }
        spans.extend(next);
    };
    let until = |chars: &mut std::str::Chars, end: char| {
        let inside: String = chars.by_ref().take_while(|&c| c != end).collect();
        if inside.trim().is_empty() {
            Err(format!("nothing stands before {end:?} in {text:?}"))
        } else if inside.contains('{') {
            Err(format!("a live number stands by itself, not within {inside:?}"))
        } else {
            Ok(inside)
        }
    };
    while let Some(c) = chars.next() {
        let span = match c {
            '*' => Span::Strong(until(&mut chars, '*')?),
            '{' => {
                let name = until(&mut chars, '}')?;
                let quantity = Quantity::named(&name);
                Span::Live(quantity.ok_or_else(|| format!("there is no live number {{{name}}}"))?)
            }
            '_' => match chars.next() {
                Some('{') => Span::Lowered(until(&mut chars, '}')?),
                Some(c) => Span::Lowered(c.to_string()),
                None => return Err("the text ends with _".into()),
            },
            c => {
                plain.push(c);
                continue;
            }
        };
        flush(&mut plain, Some(span));
    }
    flush(&mut plain, None);
    Ok(spans)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_indices_and_live_numbers_are_told_apart() {
        let spans = spans("at w_t and w_{t+1}, *S* is {S}").expect("a text");
        assert_eq!(spans.len(), 8);
        assert_eq!(spans[1], Span::Lowered("t".into()));
        assert_eq!(spans[3], Span::Lowered("t+1".into()));
        assert_eq!(spans[5], Span::Strong("S".into()));
        assert!(matches!(spans[7], Span::Live(quantity) if quantity.name() == "S"));
    }

    #[test]
    fn an_unknown_number_is_refused() {
        assert!(spans("{the answer}").is_err_and(|reason| reason.contains("the answer")));
        assert!(spans("{").is_err() && spans("**").is_err() && spans("_").is_err());
        assert!(spans("*{S}*").is_err_and(|reason| reason.contains("by itself")));
    }
}
