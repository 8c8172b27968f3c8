//! `run.csv`: one row per step, the state at its start.
//!
//! Non-finite contract: an empty field was not computed; `nan`, `inf` and `-inf` are computed values.

use crate::preset::Preset;
use crate::run::record::history::History;
use crate::run::record::series::Series;
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

/// The columns of a run after `step`: those that every run has, and the optional ones that the preset requests.
pub fn columns(preset: &Preset) -> Vec<Series> {
    let asked_for = |series: &Series| match series {
        Series::TestLoss | Series::TrainAccuracy | Series::TestAccuracy => preset.run.test_every.is_some(),
        Series::GdEmaLoss => preset.run.ema.is_some(),
        _ => true,
    };
    Series::all(preset.eigen.max_tracked).into_iter().filter(asked_for).collect()
}

/// Writes the header line.
///
/// # Errors
/// If `out` cannot be written.
pub fn write_header(columns: &[Series], out: &mut impl Write) -> io::Result<()> {
    write!(out, "step")?;
    for column in columns {
        write!(out, ",{}", column.column_name())?;
    }
    writeln!(out)
}

/// Writes some rows.
///
/// # Errors
/// If `out` cannot be written.
pub fn write_rows(
    history: &History,
    columns: &[Series],
    rows: Range<usize>,
    out: &mut impl Write,
) -> io::Result<()> {
    for row in rows {
        write_row(row, columns.iter().map(|&column| history.value(column, row)), out)?;
    }
    Ok(())
}

fn write_row(row: usize, values: impl Iterator<Item = Option<f64>>, out: &mut impl Write) -> io::Result<()> {
    write!(out, "{row}")?;
    for value in values {
        write!(out, ",")?;
        if let Some(value) = value {
            write_number(value, out)?;
        }
    }
    writeln!(out)
}

/// A further run in a table of several runs.
#[derive(Clone, Copy, Debug)]
pub struct Other<'a> {
    /// The name of the run.
    pub label: &'a str,
    /// The first row to write.
    pub from: usize,
    /// The recorded history.
    pub history: &'a History,
}

/// The name of a column of another run, by its index: the first of them is the second run.
pub fn name_of_other(place: usize, name: &str) -> String {
    format!("run{}_{name}", place + 2)
}

/// Comments that state the origin of a table and identify the other runs.
pub fn comments<'a>(origin: &str, labels: impl Iterator<Item = &'a str>) -> Vec<String> {
    let others = labels.enumerate().map(|(place, label)| format!("run{}: {label}", place + 2));
    std::iter::once(origin.to_owned()).chain(others).collect()
}

/// Writes all rows of a run to a file, with those of other runs, whose columns have a number before their name:
/// `run2_` for the first of them. The fields of a run are empty at steps that it has not recorded.
///
/// # Errors
/// If the file cannot be written.
pub fn write_runs(
    history: &History,
    others: &[Other],
    columns: &[Series],
    origin: &str,
    path: &Path,
) -> io::Result<()> {
    let mut all: Vec<(Option<&Other>, Series)> = columns.iter().map(|&series| (None, series)).collect();
    let mut names: Vec<String> = columns.iter().map(|column| column.column_name()).collect();
    for (place, other) in others.iter().enumerate() {
        for &series in columns.iter().filter(|&&series| other.history.has(series)) {
            all.push((Some(other), series));
            names.push(name_of_other(place, &series.column_name()));
        }
    }
    let rows = others.iter().map(|other| other.history.rows()).fold(history.rows(), usize::max);
    let value = |column: usize, row: usize| match all[column] {
        (None, series) => history.value(series, row),
        (Some(other), series) => other.history.value(series, row).filter(|_| row >= other.from),
    };
    let comments = comments(origin, others.iter().map(|other| other.label));
    write_table(&comments, &names, 0..rows, value, path)
}

/// Writes a table with one line per step to a file, below comments; the file is complete or unchanged. `value`
/// returns a column's value at a row.
///
/// # Errors
/// If the file cannot be written.
pub fn write_table(
    comments: &[String],
    names: &[String],
    rows: Range<usize>,
    value: impl Fn(usize, usize) -> Option<f64>,
    path: &Path,
) -> io::Result<()> {
    super::files::write_whole(path, |out| {
        for comment in comments {
            writeln!(out, "# {}", comment.replace(['\n', '\r'], " "))?;
        }
        write!(out, "step")?;
        names.iter().try_for_each(|name| write!(out, ",{name}"))?;
        writeln!(out)?;
        for row in rows {
            write_row(row, (0..names.len()).map(|column| value(column, row)), out)?;
        }
        Ok(())
    })
}

/// The shortest text that reads back as the same number.
fn write_number(value: f64, out: &mut impl Write) -> io::Result<()> {
    let size = value.abs();
    if value.is_nan() {
        write!(out, "nan")
    } else if size == 0.0 || (1e-4..1e15).contains(&size) || size == f64::INFINITY {
        write!(out, "{value}")
    } else {
        write!(out, "{value:e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use brink_core::dynamics::{ProcessRecord, StepRecord};

    fn preset(sets: &[&str]) -> Preset {
        let mut preset = Preset::load("valley").unwrap();
        for set in sets {
            preset.set(set).unwrap();
        }
        preset
    }

    #[test]
    fn the_columns_are_those_of_the_documentation() {
        let mut header = Vec::new();
        write_header(&columns(&preset(&[])), &mut header).unwrap();
        assert_eq!(
            String::from_utf8(header).unwrap(),
            "step,eta,gd_loss,gd_grad_norm_sq,gd_lambda_1,gd_lambda_2,gf_loss,gf_grad_norm_sq,gf_lambda_1,gf_substeps,\
             cf_loss,cf_grad_norm_sq,cf_lambda_1,cf_lambda_2,cf_critical,cf_sigma_1,cf_sigma_2,cf_sigma_trace,\
             cf_predicted_loss,cf_predicted_grad_norm_sq,distance_gd_cf,distance_gd_gf,displacement_1,displacement_2,\
             hvps,gd_eigen_residual,gf_eigen_residual,cf_eigen_residual\n"
        );
        let names = |sets: &[&str]| -> Vec<String> {
            columns(&preset(sets)).iter().map(|c| c.column_name()).collect()
        };
        assert_eq!(names(&["run.ema=0.9"]).last().unwrap(), "gd_ema_loss");
        let tested = names(&["run.test_every=5"]);
        assert_eq!(tested[tested.len() - 3..], ["test_loss", "train_accuracy", "test_accuracy"]);
    }

    #[test]
    fn absent_is_empty_and_non_finite_is_spelled() {
        let mut history = History::new(2);
        history.push(&StepRecord {
            eta: 0.5,
            gradient_descent: Some(ProcessRecord {
                loss: f64::NAN,
                grad_norm_sq: f64::INFINITY,
                lambda: vec![1e-7],
                eigen_residual: 0.125,
                ..ProcessRecord::default()
            }),
            hvps: 7,
            ..StepRecord::default()
        });
        let mut text = Vec::new();
        write_rows(&history, &columns(&preset(&[])), 0..1, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text, "0,0.5,nan,inf,1e-7,,,,,,,,,,,,,,,,,,,,7,0.125,,\n");
    }

    #[test]
    fn columns_of_several_runs_are_told_apart() {
        let run = |rows: usize, loss: f64| {
            let mut history = History::new(1);
            for step in 0..rows {
                let gradient_descent = Some(ProcessRecord { loss, ..ProcessRecord::default() });
                history.push(&StepRecord { step, eta: 0.5, gradient_descent, ..StepRecord::default() });
            }
            history
        };
        let (first, fork, longer) = (run(2, 1.0), run(3, 2.0), run(4, 3.0));
        let others = [
            Other { label: "a fork\nwith a line", from: 1, history: &fork },
            Other { label: "longer", from: 0, history: &longer },
        ];
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("runs.csv");
        write_runs(&first, &others, &[Series::GdLoss, Series::CfLoss], "Brink", &path).unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "# Brink\n# run2: a fork with a line\n# run3: longer\n\
             step,gd_loss,cf_loss,run2_gd_loss,run3_gd_loss\n0,1,,,3\n1,1,,2,3\n2,,,2,3\n3,,,,3\n"
        );
    }

    #[test]
    fn numbers_read_back_as_themselves() {
        for value in [0.1_f64, -1.0 / 3.0, 1e-300, 4.5e200, 0.0, 123_456_789.25, f64::MIN_POSITIVE, f64::MAX]
        {
            let mut text = Vec::new();
            write_number(value, &mut text).unwrap();
            let text = String::from_utf8(text).unwrap();
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits(), "{text}");
            assert!(text.len() < 30, "{text}");
        }
    }
}
