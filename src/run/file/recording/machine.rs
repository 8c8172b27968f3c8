//! A short description of the machine, for recordings and measurements of speed.

/// Processor, number of cores and operating system, as far as they can be determined.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let cores = if cores == 1 { "one core".to_owned() } else { format!("{cores} cores") };
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    processor().map_or_else(|| format!("{cores}, {system}"), |name| format!("{name}, {cores}, {system}"))
}

/// The processor's name, if Linux reports it.
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    let name = line.split_once(':')?.1.trim();
    (!name.is_empty()).then(|| name.to_owned())
}
