//! The allow list → the program that the kernel runs at every system call (classic BPF, see seccomp(2)).
//!
//! In: the `seccomp` section of a host's `config.json`. Out: the same as bytes, in base64, for crun's annotation
//! [`ANNOTATION`]. crun since 0.18 installs them as they are, instead of compiling the section with libseccomp: 2 to 4 ms
//! at each start of a host. The section stays in the file: another runtime compiles it, so
//! that no host starts without a filter; and where this module does not know a word of it, there is no annotation.
//!
//! Calls that are treated alike and have neighbouring numbers are one range, and ranges are found by halving: some eight
//! comparisons a call. Not here: which calls those are (`seccomp.rs`).

use std::cmp::max;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use nix::libc::{self, sock_filter};
use oci_spec::runtime::{
    LinuxSeccomp, LinuxSeccompAction, LinuxSeccompArg, LinuxSeccompOperator, LinuxSyscall,
};
use syscalls::Sysno;

/// In crun's own man page.
pub(super) const ANNOTATION: &str = "run.oci.seccomp_bpf_data";

/// AUDIT_ARCH of `linux/audit.h`: the processor's ELF number, 64 bit, little-endian. On others a runtime compiles.
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: Option<u32> = Some(0xc000_003e);
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: Option<u32> = Some(0xc000_00b7);
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const ARCHITECTURE: Option<u32> = None;

/// Numbers from here on are x32's on x86_64: another ABI. Nowhere are there as many calls.
const OTHER_ABI: u32 = 0x4000_0000;

/// What a debugger puts in the place of a call that is not to be made (`strace --inject`): no call, and of no ABI.
const NO_CALL: u32 = u32::MAX;

/// Where `struct seccomp_data` has them.
const NUMBER_AT: u32 = 0;
const ARCHITECTURE_AT: u32 = 4;
const ARGUMENTS_AT: u32 = 16;

/// The most instructions that the kernel takes.
const MOST: usize = 4096;

/// The program in base64; `None` where this module can't say all that the section says.
pub(super) fn in_base64(section: &LinuxSeccomp) -> Option<String> {
    let program = program(section)?;
    let bytes: Vec<u8> = program.iter().flat_map(bytes).collect();
    Some(BASE64_STANDARD.encode(bytes))
}

fn bytes(one: &sock_filter) -> [u8; 8] {
    let [a, b] = one.code.to_ne_bytes();
    let [c, d, e, f] = one.k.to_ne_bytes();
    [a, b, one.jt, one.jf, c, d, e, f]
}

fn program(section: &LinuxSeccomp) -> Option<Vec<sock_filter>> {
    let architecture = ARCHITECTURE?;
    // What these say is not looked at here.
    if section.architectures().is_some() || section.flags().is_some() {
        return None;
    }
    let mut all = vec![
        load(ARCHITECTURE_AT),
        jump_if_equal(architecture, 1, 0),
        give(libc::SECCOMP_RET_KILL_THREAD),
        load(NUMBER_AT),
    ];
    if cfg!(target_arch = "x86_64") {
        all.push(jump_if_at_least(OTHER_ABI, 0, 2));
        all.push(jump_if_equal(NO_CALL, 1, 0));
        all.push(give(libc::SECCOMP_RET_KILL_THREAD));
    }
    all.extend(search(&ranges(section)?)?);
    (all.len() <= MOST).then_some(all)
}

/// What becomes of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Treatment {
    /// By its arguments: the first that holds counts.
    cases: Vec<(Condition, u32)>,
    /// Else.
    otherwise: u32,
}

/// An argument, masked, is this value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Condition {
    argument: u32,
    mask: u64,
    value: u64,
}

/// The first number of each range, from 0 on, and what becomes of the calls in it.
fn ranges(section: &LinuxSeccomp) -> Option<Vec<(u32, Treatment)>> {
    let default = answer(section.default_action(), section.default_errno_ret())?;
    let unlisted = || Treatment {
        cases: Vec::new(),
        otherwise: default,
    };
    let mut table = Vec::new();
    for rule in section.syscalls().iter().flatten() {
        let answer = answer(rule.action(), rule.errno_ret())?;
        for name in rule.names() {
            // Another processor's call, or one that this kernel's table is too old for: not there, as it is for a runtime.
            let Ok(call) = Sysno::from_str(name) else {
                continue;
            };
            let number = usize::try_from(call.id()).ok()?;
            table.resize(max(table.len(), number + 1), unlisted());
            add(&mut table[number], rule, answer)?;
        }
    }
    table.push(unlisted()); // All above the highest.
    let mut ranges: Vec<(u32, Treatment)> = Vec::new();
    for (number, treatment) in (0..).zip(table) {
        if ranges.last().is_none_or(|(_, last)| *last != treatment) {
            ranges.push((number, treatment));
        }
    }
    Some(ranges)
}

fn add(treatment: &mut Treatment, rule: &LinuxSyscall, answer: u32) -> Option<()> {
    match rule.args().as_deref().unwrap_or_default() {
        [] => treatment.otherwise = answer,
        [argument] => treatment.cases.push((condition(argument)?, answer)),
        _ => return None, // Two conditions of one rule: none has them.
    }
    Some(())
}

fn condition(argument: &LinuxSeccompArg) -> Option<Condition> {
    let (mask, value) = match argument.op() {
        LinuxSeccompOperator::ScmpCmpEq => (u64::MAX, argument.value()),
        LinuxSeccompOperator::ScmpCmpMaskedEq => (argument.value(), argument.value_two()?),
        _ => return None,
    };
    let argument = u32::try_from(argument.index()).ok()?;
    Some(Condition {
        argument,
        mask,
        value,
    })
}

fn answer(action: LinuxSeccompAction, errno: Option<u32>) -> Option<u32> {
    match (action, errno) {
        (LinuxSeccompAction::ScmpActAllow, None) => Some(libc::SECCOMP_RET_ALLOW),
        (LinuxSeccompAction::ScmpActErrno, Some(errno)) => Some(libc::SECCOMP_RET_ERRNO | errno),
        _ => None,
    }
}

/// Finds the range of the number that was loaded.
fn search(ranges: &[(u32, Treatment)]) -> Option<Vec<sock_filter>> {
    let (low, high) = match ranges {
        [] => return None,
        [(_, treatment)] => return Some(treat(treatment)),
        more => more.split_at(more.len() / 2),
    };
    let (border, _) = high.first()?;
    let (low, high) = (search(low)?, search(high)?);
    let over = u32::try_from(low.len()).ok()?;
    let mut all = match u8::try_from(over) {
        Ok(over) => vec![jump_if_at_least(*border, over, 0)],
        // A conditional jump goes no further than 255.
        Err(_) => vec![jump_if_at_least(*border, 0, 1), jump(over)],
    };
    all.extend(low);
    all.extend(high);
    Some(all)
}

fn treat(treatment: &Treatment) -> Vec<sock_filter> {
    let mut all = Vec::new();
    for (condition, answer) in &treatment.cases {
        all.extend(compare(condition, give(*answer)));
    }
    all.push(give(treatment.otherwise));
    all
}

/// Half by half: a register of this machine has 32 bits, an argument 64.
fn compare(condition: &Condition, then: sock_filter) -> [sock_filter; 7] {
    let Condition {
        argument,
        mask,
        value,
    } = *condition;
    let at = ARGUMENTS_AT + 8 * argument;
    let ([mask_low, mask_high], [low, high]) = (halves(mask), halves(value));
    [
        load(at + 4), // Little-endian, as both architectures are.
        and(mask_high),
        jump_if_equal(high, 0, 4),
        load(at),
        and(mask_low),
        jump_if_equal(low, 0, 1),
        then,
    ]
}

fn halves(value: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = value.to_le_bytes();
    [
        u32::from_le_bytes([a, b, c, d]),
        u32::from_le_bytes([e, f, g, h]),
    ]
}

fn load(offset: u32) -> sock_filter {
    instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, offset)
}

fn and(mask: u32) -> sock_filter {
    instruction(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, 0, 0, mask)
}

fn jump_if_equal(value: u32, yes: u8, no: u8) -> sock_filter {
    instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, yes, no, value)
}

fn jump_if_at_least(value: u32, yes: u8, no: u8) -> sock_filter {
    instruction(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, yes, no, value)
}

fn jump(over: u32) -> sock_filter {
    instruction(libc::BPF_JMP | libc::BPF_JA, 0, 0, over)
}

fn give(answer: u32) -> sock_filter {
    instruction(libc::BPF_RET | libc::BPF_K, 0, 0, answer)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "libc has the codes as u32, the instruction has them as u16"
)]
fn instruction(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::host::seccomp;

    /// What the kernel does with a program: only what these have.
    fn run(program: &[sock_filter], architecture: u32, number: u32, first: u64) -> u32 {
        let (mut at, mut register) = (0, 0);
        let word = |offset: u32| match offset {
            NUMBER_AT => number,
            ARCHITECTURE_AT => architecture,
            16 => halves(first)[0],
            20 => halves(first)[1],
            other => panic!("no word at {other}"),
        };
        loop {
            let sock_filter { code, jt, jf, k } = program[at];
            at += 1;
            let branch = |yes| usize::from(if yes { jt } else { jf });
            match code {
                0x20 => register = word(k),
                0x54 => register &= k,
                0x15 => at += branch(register == k),
                0x35 => at += branch(register >= k),
                0x05 => at += k as usize,
                0x06 => return k,
                other => panic!("an instruction {other:#x}"),
            }
        }
    }

    /// What the section says, read anew for each call.
    fn said(section: &LinuxSeccomp, number: u32, first: u64) -> u32 {
        let name = Sysno::new(number as usize).map(|call| call.name().to_owned());
        let rules = section.syscalls().iter().flatten();
        let mut rules =
            rules.filter(|rule| rule.names().iter().any(|it| Some(it) == name.as_ref()));
        let found = rules.find(|rule| {
            rule.args()
                .iter()
                .flatten()
                .all(|argument| match argument.op() {
                    LinuxSeccompOperator::ScmpCmpEq => first == argument.value(),
                    _ => first & argument.value() == argument.value_two().unwrap(),
                })
        });
        match found.map(|rule| (rule.action(), rule.errno_ret())) {
            Some((LinuxSeccompAction::ScmpActAllow, _)) => libc::SECCOMP_RET_ALLOW,
            Some((_, errno)) => libc::SECCOMP_RET_ERRNO | errno.unwrap(),
            None => libc::SECCOMP_RET_ERRNO | section.default_errno_ret().unwrap(),
        }
    }

    #[test]
    fn the_program_does_with_every_call_what_the_list_says() {
        let Some(architecture) = ARCHITECTURE else {
            return eprintln!("not run: runtimes compile the list on this processor");
        };
        let mut arguments = vec![
            u64::MAX,
            1 << 63,
            1 << 32 | 40,
            1 << 32 | 1,
            0xffff_ffff,
            0x8000_0011,
        ];
        arguments.extend(0..64);
        arguments.extend((0..64).map(|bit| 1 << bit));
        arguments.extend((0..64).map(|bit| 1 << bit | 0x0200_0000));
        arguments.extend([0x2_0008, 0x4_0008]);
        for cgroups in [false, true] {
            let section = seccomp::profile(cgroups).unwrap();
            let program = program(&section).unwrap();
            for number in (0..1024).chain([OTHER_ABI - 1, NO_CALL]) {
                for &first in &arguments {
                    let got = run(&program, architecture, number, first);
                    assert_eq!(got, said(&section, number, first), "{number} ({first:#x})");
                }
            }
        }
    }

    #[test]
    fn another_abi_is_killed() {
        let Some(architecture) = ARCHITECTURE else {
            return;
        };
        let program = program(&seccomp::profile(false).unwrap()).unwrap();
        let killed = libc::SECCOMP_RET_KILL_THREAD;
        assert_eq!(run(&program, 0x4000_0003, 1, 0), killed); // i386
        assert_eq!(run(&program, architecture ^ 1, 1, 0), killed);
        if cfg!(target_arch = "x86_64") {
            for number in [0, 1, 39, 0x3fff_ffff] {
                assert_eq!(run(&program, architecture, OTHER_ABI | number, 0), killed);
            }
        }
    }

    #[test]
    fn a_list_that_says_more_than_is_known_here_is_left_to_the_runtime() {
        let mut section = seccomp::profile(false).unwrap();
        assert!(in_base64(&section).is_some());
        section.set_default_action(LinuxSeccompAction::ScmpActLog);
        assert_eq!(in_base64(&section), None);
    }
}
