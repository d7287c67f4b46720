//! rexpect's own session doing what the agent does, for `benches/terminals.py`.
//!
//! ```text
//! rexpect_session steps N     N commands `echo I`, each output checked: prints the seconds from the first to the last
//! rexpect_session silent S    waits for `sleep S`: prints `waiting` when it begins to
//! ```

use std::error::Error;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use rexpect::session::{PtyReplSession, spawn_bash};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mode, number] = arguments.as_slice() else {
        return Err("usage: rexpect_session steps N | silent SECONDS".into());
    };
    let mut bash = spawn_bash(Some(60_000))?;
    // At the end bash gets a SIGTERM, which it ignores, again and again: for 60 s without this.
    bash.process_mut().set_kill_timeout(Some(0));
    match mode.as_str() {
        "steps" => {
            let seconds = steps(&mut bash, number.parse()?)?.as_secs_f64();
            writeln!(io::stdout(), "{seconds:.6}")?;
        }
        "silent" => {
            bash.send_line(&format!("sleep {number}"))?;
            writeln!(io::stdout(), "waiting")?;
            bash.wait_for_prompt()?;
        }
        other => return Err(format!("no such mode: {other}").into()),
    }
    Ok(())
}

fn steps(bash: &mut PtyReplSession, count: usize) -> Result<Duration, Box<dyn Error>> {
    let began = Instant::now();
    for step in 0..count {
        bash.send_line(&format!("echo {step}"))?;
        let output = bash.wait_for_prompt()?;
        if output.trim() != step.to_string() {
            return Err(format!("step {step} gave {output:?}").into());
        }
    }
    Ok(began.elapsed())
}
