//! What agents did over time, drawn: a bar for each hour of a day or each day of a month, once for calls and once for
//! what left, each agent in a colour of its own; and the same in numbers.

use std::collections::BTreeMap;

use access::{ActivityAgent, BusyHour};
use domain::{GrantId, Timestamp};
use time::macros::format_description;

use super::{filter::Span, line::exact, name_of};
use crate::pages::words::counted;

/// Agents with a colour of their own; all others share the last one.
const COLOURS: usize = 5;
/// Width of a bar with the space beside it, and of the bar, in units of the drawing.
const STEP: u64 = 10;
const WIDTH: u64 = 7;
/// Height of the drawing.
const HEIGHT: u64 = 100;

/// The drawing.
pub(super) struct Picture {
    /// `24 hours`, `30 days`.
    pub(super) span: &'static str,
    /// Whether it is of a month.
    pub(super) is_month: bool,
    /// Units from left to right.
    pub(super) width: u64,
    /// Calls, then messages that left.
    pub(super) charts: Vec<Chart>,
    /// Agents in the order of their colours.
    pub(super) agents: Vec<Legend>,
    /// The first, the middle and the last moment.
    pub(super) moments: [When; 3],
    /// The same in numbers, where there is something.
    pub(super) numbers: Vec<Numbers>,
}

/// One kind of thing over time.
pub(super) struct Chart {
    /// For ids in the page.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// What it shows, in words.
    pub(super) about: String,
    pub(super) bars: Vec<Bar>,
}

/// A piece of a bar.
pub(super) struct Bar {
    pub(super) colour: usize,
    pub(super) x: u64,
    pub(super) y: u64,
    pub(super) width: u64,
    pub(super) height: u64,
}

/// Who has a colour, and what they did in all.
pub(super) struct Legend {
    pub(super) colour: usize,
    pub(super) name: String,
    pub(super) calls: String,
    pub(super) sent: u64,
}

/// An hour or a day in numbers.
pub(super) struct Numbers {
    pub(super) when: When,
    pub(super) calls: u64,
    pub(super) sent: u64,
}

/// When an hour or a day begins.
pub(super) struct When {
    /// `14:00`, UTC, or `21 Nov`.
    pub(super) text: String,
    /// For `<time datetime>`; nothing of a day.
    pub(super) exact: Option<String>,
}

/// Calls, and messages that left.
#[derive(Clone, Copy, Default)]
struct Sums {
    calls: u64,
    sent: u64,
}

impl Sums {
    fn add(&mut self, hour: &BusyHour) {
        self.calls += hour.calls;
        self.sent += hour.sent;
    }
}

impl Picture {
    /// The picture of what happened until `now`; none if nothing did.
    pub(super) fn of(
        hours: &[BusyHour],
        agents: &[ActivityAgent],
        span: Span,
        now: Timestamp,
    ) -> Option<Self> {
        let (count, of_hour): (usize, i64) = match span {
            Span::Day => (24, 1),
            Span::Month => (30, 24),
        };
        let last = now.unix_timestamp().div_euclid(3600).div_euclid(of_hour);
        let first = last + 1 - i64::try_from(count).unwrap_or(0);
        let mut totals: BTreeMap<&GrantId, Sums> = BTreeMap::new();
        for hour in hours {
            totals.entry(&hour.grant).or_default().add(hour);
        }
        if totals.is_empty() {
            return None;
        }
        let mut busiest: Vec<_> = totals.iter().map(|(grant, sums)| (*grant, *sums)).collect();
        busiest.sort_by_key(|(_, sums)| std::cmp::Reverse(sums.calls));
        let colours: BTreeMap<&GrantId, usize> =
            busiest.iter().enumerate().map(|(place, (grant, _))| (*grant, place.min(COLOURS))).collect();
        let mut slots = vec![[Sums::default(); COLOURS + 1]; count];
        for hour in hours {
            let place = usize::try_from(hour.hour.div_euclid(of_hour) - first).ok();
            let slot = place.and_then(|place| slots.get_mut(place));
            let colour = colours.get(&hour.grant).copied().unwrap_or(COLOURS);
            if let Some(sums) = slot.and_then(|slot| slot.get_mut(colour)) {
                sums.add(hour);
            }
        }
        let when = |place: usize| {
            let seconds = (first + i64::try_from(place).unwrap_or(0)) * of_hour * 3600;
            let at = Timestamp::from_unix_timestamp(seconds).unwrap_or(now);
            let text = match span {
                Span::Day => at.format(format_description!("[hour]:00")),
                Span::Month => at.format(format_description!("[day padding:none] [month repr:short]")),
            };
            When { text: text.unwrap_or_default(), exact: (span == Span::Day).then(|| exact(at)) }
        };
        let whole = |slot: &[Sums; COLOURS + 1]| {
            slot.iter().fold(Sums::default(), |sum, one| Sums {
                calls: sum.calls + one.calls,
                sent: sum.sent + one.sent,
            })
        };
        let numbers = slots
            .iter()
            .enumerate()
            .map(|(place, slot)| (when(place), whole(slot)))
            .filter(|(_, sums)| sums.calls + sums.sent > 0)
            .map(|(when, Sums { calls, sent })| Numbers { when, calls, sent })
            .collect();
        let name = |grant: &GrantId| {
            agents.iter().find(|agent| agent.grant == *grant).map_or_else(|| "An agent".to_owned(), name_of)
        };
        Some(Self {
            span: if span == Span::Day { "24 hours" } else { "30 days" },
            is_month: span == Span::Month,
            width: STEP * count as u64,
            charts: vec![
                Chart::of("calls", "Calls", &slots, &when, |sums| sums.calls),
                Chart::of("sent", "Sent", &slots, &when, |sums| sums.sent),
            ],
            agents: legends(&busiest, name),
            moments: [when(0), when(count / 2), when(count - 1)],
            numbers,
        })
    }
}

/// Who has which colour; all beyond the last one together.
fn legends(busiest: &[(&GrantId, Sums)], name: impl Fn(&GrantId) -> String) -> Vec<Legend> {
    let (own, others) = busiest.split_at(busiest.len().min(COLOURS));
    let legend = |(colour, (grant, sums)): (usize, &(&GrantId, Sums))| Legend {
        colour,
        name: name(grant),
        calls: counted(sums.calls, "call"),
        sent: sums.sent,
    };
    let mut legends: Vec<Legend> = own.iter().enumerate().map(legend).collect();
    if !others.is_empty() {
        legends.push(Legend {
            colour: COLOURS,
            name: counted(others.len() as u64, "other agent"),
            calls: counted(others.iter().map(|(_, sums)| sums.calls).sum(), "call"),
            sent: others.iter().map(|(_, sums)| sums.sent).sum(),
        });
    }
    legends
}

impl Chart {
    fn of(
        name: &'static str,
        title: &'static str,
        slots: &[[Sums; COLOURS + 1]],
        when: &impl Fn(usize) -> When,
        value: impl Fn(&Sums) -> u64,
    ) -> Self {
        let sums: Vec<u64> = slots.iter().map(|slot| slot.iter().map(&value).sum()).collect();
        let (total, most) = (sums.iter().sum::<u64>(), sums.iter().copied().max().unwrap_or(0));
        let about = if total == 0 {
            "None.".to_owned()
        } else {
            let peak = sums.iter().position(|sum| *sum == most).unwrap_or(0);
            let When { text, exact } = when(peak);
            let zone = if exact.is_some() { " UTC" } else { "" };
            format!("{total} in all, at most {most}, at {text}{zone}.")
        };
        let mut bars = Vec::new();
        for (place, slot) in slots.iter().enumerate() {
            let mut below = 0;
            for (colour, sums) in slot.iter().enumerate().filter(|(_, sums)| value(sums) > 0) {
                // What there is can be seen, however little it is.
                let height = (value(sums) * HEIGHT / most.max(1)).max(2).min(HEIGHT - below);
                below += height;
                let x = STEP * place as u64 + (STEP - WIDTH) / 2;
                bars.push(Bar { colour, x, y: HEIGHT - below, width: WIDTH, height });
            }
        }
        Self { name, title, about, bars }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn hour(grant: &str, hour: i64, calls: u64, sent: u64) -> BusyHour {
        BusyHour { grant: GrantId::from_text(grant), hour, calls, sent }
    }

    #[test]
    fn a_bar_is_as_high_as_there_was_to_do_and_stays_in_the_drawing() {
        let now = datetime!(2026-11-21 12:30 UTC);
        let last = now.unix_timestamp() / 3600;
        let hours = [
            hour("a", last, 100, 1),
            hour("b", last, 1, 0),
            hour("a", last - 23, 50, 0),
            hour("a", last - 30, 7, 7),
        ];
        let picture = Picture::of(&hours, &[], Span::Day, now).unwrap();
        let [calls, sent] = &picture.charts[..] else { panic!("two charts") };
        assert_eq!((calls.bars.len(), sent.bars.len(), picture.width), (3, 1, 240));
        assert_eq!((calls.bars[0].x, calls.bars[0].height), (1, 49));
        assert_eq!((calls.bars[1].x, calls.bars[1].height, calls.bars[2].height), (231, 99, 1));
        assert!(calls.bars.iter().all(|bar| bar.y + bar.height <= HEIGHT), "none sticks out");
        assert_eq!(calls.about, "151 in all, at most 101, at 12:00 UTC.");
        assert_eq!(picture.moments.each_ref().map(|it| it.text.as_str()), ["13:00", "01:00", "12:00"]);
        assert_eq!(picture.moments[2].exact.as_deref(), Some("2026-11-21T12:00:00Z"));
        assert_eq!(picture.numbers.iter().map(|it| it.calls).collect::<Vec<_>>(), [50, 101]);
        assert!(Picture::of(&[], &[], Span::Month, now).is_none());
    }

    #[test]
    fn of_many_agents_the_busiest_have_a_colour_and_the_others_share_one() {
        let now = datetime!(2026-11-21 12:30 UTC);
        let day = now.unix_timestamp() / 3600 - 24;
        let hours: Vec<_> =
            (0..9_u64).map(|number| hour(&format!("g{number}"), day, number + 1, 1)).collect();
        let picture = Picture::of(&hours, &[], Span::Month, now).unwrap();
        assert_eq!(picture.agents.len(), 6);
        assert_eq!(
            (picture.agents[0].calls.as_str(), picture.agents[5].name.as_str()),
            ("9 calls", "4 other agents")
        );
        assert_eq!((picture.agents[5].calls.as_str(), picture.agents[5].sent), ("10 calls", 4));
        assert!(picture.charts[0].bars.iter().all(|bar| bar.colour <= COLOURS && bar.x < picture.width));
    }
}
