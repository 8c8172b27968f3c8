//! Named directions and the third derivatives of pairs of directions.

use super::Wanted;
use super::error::DerivativesError;
use crate::calculus::block::pair_index;
use crate::calculus::{Block, Real};
use crate::objective::Objective;
use std::collections::HashSet;

/// Name of the array that holds H v.
pub(super) fn product(v: &str) -> String {
    format!("hv_{v}")
}

/// Name of the array that holds T(u, v).
pub(super) fn contraction(u: &str, v: &str) -> String {
    format!("t_{u}_{v}")
}

/// Checks names and lengths, and returns each pair as indices into the vectors.
pub(super) fn check(wanted: &Wanted, dim: usize) -> Result<Vec<(usize, usize)>, DerivativesError> {
    let Wanted { vectors, pairs, .. } = wanted;
    for (name, v) in vectors {
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c)) {
            return Err(DerivativesError::Name { name: name.clone() });
        }
        if v.len() != dim {
            return Err(DerivativesError::Length { name: name.clone(), found: v.len(), dim });
        }
    }
    let mut arrays = HashSet::new();
    let products = vectors.iter().map(|(name, _)| product(name));
    for name in products.chain(pairs.iter().map(|(u, v)| contraction(u, v))) {
        if !arrays.insert(name.clone()) {
            return Err(DerivativesError::Twice { name });
        }
    }
    let place = |u: &String, v: &String, name: &String| {
        vectors.iter().position(|(other, _)| other == name).ok_or_else(|| {
            let names: Vec<&str> = vectors.iter().map(|(name, _)| name.as_str()).collect();
            let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            DerivativesError::Pair { u: u.clone(), v: v.clone(), missing: name.clone(), there }
        })
    };
    pairs.iter().map(|(u, v)| Ok((place(u, v, u)?, place(u, v, v)?))).collect()
}

/// T(u, v) = ∇(uᵀ H v) for pairs of columns of `directions`. One pass yields all pairs of its directions. A
/// single pass is used if most of the pairs are requested, otherwise one pass per pair.
pub(super) fn third_derivatives<T: Real>(
    loss: &mut dyn Objective<T>,
    w: &[T],
    directions: &Block<T>,
    pairs: &[(usize, usize)],
) -> Vec<Vec<f64>> {
    let mut used: Vec<usize> = pairs.iter().flat_map(|&(u, v)| [u, v]).collect();
    used.sort_unstable();
    used.dedup();
    let together = used.len() * (used.len() + 1) / 2;
    let apart = pairs.iter().map(|&(u, v)| if u == v { 1 } else { 3 }).sum::<usize>();
    let mut t = Block::default();
    let mut pass = |columns: &[usize], t: &mut Block<T>| {
        let mut chosen = Block::zeros(directions.dim(), 0);
        for &i in columns {
            chosen.push(directions.column(i));
        }
        loss.third_derivatives(w, &chosen, t);
    };
    let of = |columns: &[usize], (u, v): (usize, usize), t: &Block<T>| {
        let place = |i: usize| columns.iter().position(|&j| j == i).expect("the pass has both directions");
        super::widened(t.column(pair_index(place(u), place(v), columns.len())))
    };
    if pairs.is_empty() {
        Vec::new()
    } else if together <= apart {
        pass(&used, &mut t);
        pairs.iter().map(|&pair| of(&used, pair, &t)).collect()
    } else {
        let each = |&(u, v): &(usize, usize)| {
            let columns = if u == v { vec![u] } else { vec![u, v] };
            pass(&columns, &mut t);
            of(&columns, (u, v), &t)
        };
        pairs.iter().map(each).collect()
    }
}
