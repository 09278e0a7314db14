//! A ledger kept line by line: slow, and without anything clever that could be wrong.

use std::collections::{BTreeMap, BTreeSet};

use rotascope::event::{
    Actor, Batch, Displaced, Event, FileId, FollowEvent, IncarnationId, LaunchId, Origin, Period, RolloverAct, What,
    WorkerEvent, WorkerId,
};
use rotascope::model::Terms;
use rotascope::record::StampRun;

type LineKey = (LaunchId, u64);

#[derive(Clone, Copy, Debug)]
struct Seen {
    life: IncarnationId,
    whole: bool,
    beyond: bool,
    stray: bool,
    /// Cut away: whether that counts as destroyed.
    gone: Option<bool>,
}

#[derive(Default)]
struct Life {
    file: Option<FileId>,
    unlinked: Option<(u64, Actor, bool)>,
    stray_from: Option<u64>,
    stray: Vec<(u64, u64)>,
    live: bool,
}

#[derive(Default)]
struct Count {
    written: u64,
    returned: u64,
    gaps: Vec<(IncarnationId, u64, Option<u64>)>,
}

#[derive(Default)]
pub(crate) struct Plain {
    lines: BTreeMap<LineKey, Vec<Seen>>,
    lives: BTreeMap<IncarnationId, Life>,
    counts: BTreeMap<LaunchId, Count>,
    owners: BTreeMap<LaunchId, WorkerId>,
    held: BTreeMap<LaunchId, BTreeSet<FileId>>,
    holds: BTreeMap<LaunchId, FileId>,
    running: BTreeMap<WorkerId, LaunchId>,
    refused: BTreeSet<LineKey>,
    missing: BTreeSet<LineKey>,
    overwritten: BTreeSet<LineKey>,
    read_to: BTreeMap<IncarnationId, u64>,
    /// Files that a worker has told to have removed, and whether by retention.
    removed: BTreeMap<FileId, bool>,
    misnamed: BTreeSet<FileId>,
}

fn keys(runs: &[StampRun]) -> Vec<LineKey> {
    runs.iter().flat_map(|run| (run.first..=run.last).map(|seq| (run.launch, seq))).collect()
}

impl Plain {
    pub(crate) fn apply(&mut self, event: &Event) {
        match &event.what {
            What::Follow(event) => self.follow(event),
            What::Worker { worker, event } => self.worker(*worker, event),
            What::Drained => self.drained(),
            _ => {}
        }
    }

    pub(crate) fn terms(&self, worker: WorkerId) -> Terms {
        let mut terms = Terms::default();
        for (&launch, _) in self.owners.iter().filter(|(_, owner)| **owner == worker) {
            let written = self.written(launch);
            terms.written += written;
            for seq in 1..=written {
                match self.judge((launch, seq)) {
                    "present" => terms.present += 1,
                    "torn" => terms.torn += 1,
                    "destroyed" => terms.destroyed += 1,
                    "expired" => terms.expired += 1,
                    "lost" => terms.lost += 1,
                    _ => terms.in_flight += 1,
                }
                let standing: Vec<&Seen> = self.standing((launch, seq)).collect();
                terms.astray += u64::from(!standing.is_empty() && standing.iter().all(|seen| seen.stray));
                terms.duplicated += u64::from(standing.len() > 1);
            }
            terms.bound |= self.overwritten.iter().any(|key| key.0 == launch);
            terms.bound |= self.lines.iter().filter(|(key, _)| key.0 == launch).any(|(_, seen)| {
                let inexact = |life: &Life| life.unlinked.is_some_and(|(_, _, exact)| !exact);
                seen.iter().any(|seen| seen.whole && seen.gone.is_none() && inexact(&self.lives[&seen.life]))
            });
        }
        terms
    }

    fn written(&self, launch: LaunchId) -> u64 {
        let counted = self.counts.get(&launch).map_or(0, |count| count.written);
        let whole = self.lines.iter().filter(|(key, seen)| key.0 == launch && seen.iter().any(|seen| seen.whole));
        let refused = self.refused.iter().filter(|key| key.0 == launch).map(|key| key.1);
        whole.map(|(key, _)| key.1).chain(refused).max().unwrap_or(0).max(counted)
    }

    fn standing(&self, key: LineKey) -> impl Iterator<Item = &Seen> {
        let all = self.lines.get(&key).into_iter().flatten();
        all.filter(|seen| seen.whole && seen.gone.is_none() && self.lives[&seen.life].unlinked.is_none())
    }

    fn judge(&self, key: LineKey) -> &'static str {
        if self.standing(key).next().is_some() {
            return "present";
        }
        let all: &[Seen] = self.lines.get(&key).map_or(&[], Vec::as_slice);
        let unlinked = |seen: &Seen| self.lives[&seen.life].unlinked;
        if all.iter().any(|seen| !seen.whole && seen.gone.is_none() && unlinked(seen).is_none()) {
            return "torn";
        }
        let ended = |seen: &Seen, how: &str| {
            seen.gone.is_none() && unlinked(seen).is_some() && !seen.beyond && self.end(&self.lives[&seen.life]) == how
        };
        let destroyed = |seen: &Seen| seen.gone.unwrap_or_else(|| ended(seen, "destroyed"));
        if self.overwritten.contains(&key) || all.iter().any(|seen| seen.whole && destroyed(seen)) {
            return "destroyed";
        }
        if all.iter().any(|seen| seen.whole && ended(seen, "expired")) {
            return "expired";
        }
        if !all.is_empty() || self.refused.contains(&key) || self.missing.contains(&key) {
            return "lost";
        }
        "in_flight"
    }

    /// What the end of an unlinked file makes of the lines before its cut.
    fn end(&self, life: &Life) -> &'static str {
        let file = life.file.unwrap();
        match (life.unlinked.unwrap().1, self.removed.get(&file)) {
            (Actor::Worker(_), _) | (Actor::Other, Some(false)) => "lost",
            (Actor::Other, Some(true)) if self.misnamed.contains(&file) => "lost",
            (Actor::Other, Some(true)) => "expired",
            _ => "destroyed",
        }
    }

    fn follow(&mut self, event: &FollowEvent) {
        match event {
            FollowEvent::Created { incarnation, file_id, origin, .. } => {
                let mut life = Life { file: Some(*file_id), live: true, ..Life::default() };
                if let Origin::Truncated { previous } = origin {
                    let before = &self.lives[previous];
                    life.live = before.live;
                    life.stray_from = before.stray_from.map(|_| 0);
                    for seen in self.lines.values_mut().flatten() {
                        if seen.life == *previous && seen.gone.is_none() {
                            seen.life = *incarnation;
                        }
                    }
                }
                self.lives.insert(*incarnation, life);
            }
            FollowEvent::Read(batch) => self.read(batch),
            FollowEvent::Renamed { incarnation, to, cut, beyond, .. } => {
                let to_live = to.ends_with("app.log");
                self.moved(*incarnation, to_live, cut.offset, &keys(beyond));
            }
            FollowEvent::Deleted { incarnation, cut, beyond, by, .. } => {
                let beyond = keys(beyond);
                self.lives.get_mut(incarnation).unwrap().unlinked = Some((cut.offset, *by, cut.exact));
                for (key, seen) in &mut self.lines {
                    let copies = seen.iter_mut().filter(|seen| seen.life == *incarnation && seen.whole);
                    let copies: Vec<&mut Seen> = copies.collect();
                    // Of several copies the first is the one before the cut.
                    let several = copies.len() > 1;
                    for (number, seen) in copies.into_iter().enumerate() {
                        seen.beyond = beyond.contains(key) && (number > 0 || !several);
                    }
                }
            }
            FollowEvent::Restored { incarnation, path } => {
                let life = self.lives.get_mut(incarnation).unwrap();
                life.unlinked = None;
                self.removed.remove(&life.file.unwrap());
                // The world reads everything before it restores a file, so what was read is all there is.
                let size = self.read_to.get(incarnation).copied().unwrap_or(0);
                self.moved(*incarnation, path.ends_with("app.log"), size, &[]);
            }
            FollowEvent::Truncated { incarnation, remaining, by, .. } => {
                self.truncated(*incarnation, &keys(remaining), !matches!(by, Actor::Worker(_)));
            }
            _ => {}
        }
    }

    fn moved(&mut self, id: IncarnationId, to_live: bool, cut: u64, beyond: &[LineKey]) {
        let life = self.lives.get_mut(&id).unwrap();
        match (to_live, life.stray_from) {
            (true, Some(from)) => {
                life.stray.push((from, cut));
                life.stray_from = None;
            }
            (false, None) => life.stray_from = Some(cut),
            _ => {
                life.live = to_live;
                return;
            }
        }
        life.live = to_live;
        for key in beyond {
            let copies: Vec<&mut Seen> =
                self.lines.get_mut(key).into_iter().flatten().filter(|seen| seen.life == id && seen.whole).collect();
            let earlier = if to_live { 0 } else { copies.len().saturating_sub(1).min(1) };
            copies.into_iter().skip(earlier).for_each(|seen| seen.stray = !to_live);
        }
    }

    fn read(&mut self, batch: &Batch) {
        let id = batch.incarnation;
        let life = &self.lives[&id];
        let end = batch.end;
        let beyond = life.unlinked.is_some_and(|(cut, ..)| end > cut);
        let stray = life.stray_from.is_some_and(|from| end > from)
            || life.stray.iter().any(|(from, to)| end > *from && end <= *to);
        self.read_to.insert(id, end);
        for (whole, runs) in [(true, &batch.stamps), (false, &batch.torn)] {
            for key in keys(runs) {
                let seen = self.lines.entry(key).or_default();
                seen.push(Seen { life: id, whole, beyond, stray, gone: None });
            }
        }
    }

    fn truncated(&mut self, id: IncarnationId, remaining: &[LineKey], by_others: bool) {
        if by_others {
            let file = self.lives[&id].file.unwrap();
            let launches: Vec<LaunchId> = self.owners.keys().copied().chain([LaunchId(7)]).collect();
            for launch in launches {
                let older = |seen: &&Seen| seen.life <= id;
                let last = |test: &dyn Fn(&[Seen]) -> bool| {
                    let mine = self.lines.iter().filter(|(key, seen)| key.0 == launch && test(seen));
                    mine.map(|(key, _)| key.1).max().unwrap_or(0)
                };
                let here =
                    self.lines.iter().any(|(key, seen)| key.0 == launch && seen.iter().any(|one| one.life == id));
                let ever = self.held.get(&launch).is_some_and(|files| files.contains(&file));
                let holds = self.holds.get(&launch) == Some(&file);
                if !here && !ever {
                    continue;
                }
                let heard = self.counts.contains_key(&launch)
                    || self.lines.keys().chain(&self.refused).any(|key| key.0 == launch);
                let (above, anywhere) =
                    (last(&|seen| seen.iter().any(|one| older(&one))), last(&|seen| seen.iter().any(|one| one.whole)));
                if heard {
                    let count = self.counts.entry(launch).or_default();
                    count.gaps.push((id, above, None));
                    if holds {
                        count.gaps.push((id, anywhere, None));
                    }
                } else if holds {
                    let gaps = &mut self.counts.entry(launch).or_default().gaps;
                    gaps.push((id, 0, None));
                }
            }
        }
        for (key, seen) in &mut self.lines {
            // Of several copies the first ones stand before the cut.
            let left = remaining.iter().filter(|one| *one == key).count();
            for seen in seen.iter_mut().filter(|seen| seen.life == id && seen.gone.is_none()).skip(left) {
                seen.gone = Some(by_others && seen.whole);
            }
        }
    }

    fn worker(&mut self, worker: WorkerId, event: &WorkerEvent) {
        match event {
            WorkerEvent::Launched { launch, .. } => {
                self.owners.insert(*launch, worker);
                self.running.insert(worker, *launch);
            }
            WorkerEvent::Exited { .. } => {
                if let Some(launch) = self.running.get(&worker) {
                    self.holds.remove(launch);
                }
            }
            WorkerEvent::Opened { file_id, .. } => {
                let launch = self.running[&worker];
                self.holds.insert(launch, *file_id);
                self.held.entry(launch).or_default().insert(*file_id);
            }
            WorkerEvent::Counted { launch, counts } => {
                let count = self.counts.entry(*launch).or_default();
                count.written = count.written.max(counts[0].written);
                count.returned = count.returned.max(counts[0].returned);
                for gap in count.gaps.iter_mut().filter(|gap| gap.2.is_none()) {
                    gap.2 = Some(counts[0].written);
                }
            }
            WorkerEvent::RolledOver(rollover) => {
                let file = rollover.file_id.unwrap();
                let gone = match &rollover.act {
                    RolloverAct::Renamed { overwritten, period, .. } => {
                        if *period == Period::Later {
                            self.misnamed.insert(file);
                        }
                        match overwritten {
                            Displaced::File(file) => Some((*file, false)),
                            Displaced::Nothing | Displaced::Unknown => None,
                        }
                    }
                    RolloverAct::MadeRoom => Some((file, false)),
                    RolloverAct::Retired => Some((file, true)),
                };
                self.removed.extend(gone);
            }
            WorkerEvent::EmitFailed { line, torn, .. } => {
                let key = (line.launch, line.first);
                self.refused.insert(key);
                if *torn {
                    let file = self.holds[&line.launch];
                    let lives = self.lives.iter().rev();
                    let life = lives.filter(|(_, life)| life.file == Some(file)).map(|(id, _)| *id).next().unwrap();
                    let seen = Seen { life, whole: false, beyond: false, stray: false, gone: None };
                    self.lines.entry(key).or_default().push(seen);
                }
            }
            _ => {}
        }
    }

    fn drained(&mut self) {
        let launches: Vec<LaunchId> = self.owners.keys().copied().collect();
        for launch in launches {
            let unseen: Vec<LineKey> = (1..=self.written(launch))
                .map(|seq| (launch, seq))
                .filter(|key| self.judge(*key) == "in_flight")
                .collect();
            let returned = self.counts.get(&launch).map_or(0, |count| count.returned);
            let gaps = self.counts.get_mut(&launch).map(|count| std::mem::take(&mut count.gaps)).unwrap_or_default();
            for (life, after, limit) in gaps {
                let later = self
                    .lines
                    .iter()
                    .filter(|(key, seen)| key.0 == launch && key.1 > after && seen.iter().any(|seen| seen.life > life));
                let next = later.map(|(key, _)| key.1).min().unwrap_or(u64::MAX);
                let fits =
                    |seq: u64| seq > after && seq < next && seq <= returned && limit.is_none_or(|limit| seq <= limit);
                self.overwritten.extend(unseen.iter().filter(|key| fits(key.1)));
            }
            self.missing.extend(unseen);
        }
    }
}
