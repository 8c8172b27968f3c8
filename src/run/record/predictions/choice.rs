//! The examples that are recorded if the preset names none.

use brink_core::data::Targets;

/// Number of examples chosen, unless they have many outputs each …
const USUAL: usize = 10;
/// … such that a process records about this many numbers per step …
const NUMBERS: usize = 256;
/// … but at least this many examples.
const LEAST: usize = 2;

/// Selects a few of `n` training examples whose answers have `rows` rows each: the first of every class and then the
/// first of the rest; for sequences the first ones; for real targets some that are spread over all. Only examples
/// that count in the loss are selected.
pub fn chosen(targets: &Targets, n: usize, rows: usize) -> Vec<usize> {
    let most = (NUMBERS / (rows * targets.outputs()).max(1)).clamp(LEAST, USUAL).min(n);
    let labels = match targets {
        Targets::Regression(_) => return (0..most).map(|i| i * n / most).collect(),
        Targets::Classes { labels, .. } | Targets::Binary { labels } => labels,
    };
    let counts = |&i: &usize| labels[i * rows..(i + 1) * rows].iter().any(|&y| y >= 0);
    let all: Vec<usize> = (0..n).filter(counts).collect();
    let mut taken = Vec::new();
    if rows == 1 {
        let mut seen = Vec::new();
        for &i in &all {
            if taken.len() < most && !seen.contains(&labels[i]) {
                seen.push(labels[i]);
                taken.push(i);
            }
        }
    }
    let rest: Vec<usize> = all.into_iter().filter(|i| !taken.contains(i)).collect();
    taken.extend(rest.into_iter().take(most - taken.len()));
    taken.sort_unstable();
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device, Tensor};

    #[test]
    fn every_class_is_there_and_what_does_not_count_is_not() {
        let classes = |labels: &[i64], count| Targets::Classes { labels: labels.to_vec(), count };
        let digits = classes(&[0, 0, 0, 2, 1, 1, 2, -1, 0, 3, 0, 0, 0, 0], 10);
        assert_eq!(chosen(&digits, 14, 1), [0, 1, 2, 3, 4, 5, 6, 8, 9, 10]);
        let binary = Targets::Binary { labels: [vec![0; 20], vec![1]].concat() };
        assert_eq!(chosen(&binary, 21, 1), [0, 1, 2, 3, 4, 5, 6, 7, 8, 20]);
        let sequences = classes(&[-1, -1, 3, -1, -1, -1, -1, 5, 2, -1, 1, 1], 40);
        assert_eq!(chosen(&sequences, 4, 3), [0, 2], "40 outputs at three positions leave room for two");
        let real = Targets::Regression(Tensor::zeros((20, 1), DType::F64, &Device::Cpu).unwrap());
        assert_eq!(chosen(&real, 20, 1), [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
        assert_eq!(chosen(&real, 1, 1), [0]);
    }
}
