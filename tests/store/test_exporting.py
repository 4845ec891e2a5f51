"""Records for export come newest first, page by page, of one guild, and without what members wrote."""

from __future__ import annotations

from datetime import timedelta

from bot.core.guild_rules import GuildRules
from bot.core.policy import Delete
from bot.store.database import Database
from bot.store.exporting import ExportStore, Wanted
from bot.store.guilds import GuildStore
from tests.builders import GUILD, NOON
from tests.store.test_stats import Records

WANTED = Wanted(GUILD, NOON - timedelta(days=1), 2)


async def test_cases_come_in_pages_with_what_was_done_and_said(db: Database) -> None:
    records = Records(db)
    await records.deed(Delete(), by=None, states=["done"])
    await records.vote(1)
    for _ in range(2):
        await records.case()
    await records.case(guild_id=GUILD + 1)
    await records.case(at=NOON - timedelta(days=2))

    first = await ExportStore(db).cases(WANTED)
    assert [row["id"] for row in first] == [3, 2]
    (last,) = await ExportStore(db).cases(Wanted(GUILD, WANTED.since, 2, below=2))
    assert [(each["kind"], each["state"], each["done_by"]) for each in last["actions"]] == [("delete", "done", None)]
    assert [each["verdict"] for each in last["votes"]] == ["breaks_rules"]
    assert last["appeal"] is None
    assert not {"payload", "text_hash", "author_name"} & set(last)
    assert "clown" not in str(last)


async def test_verdicts_come_with_the_labels_of_which_they_say_something(db: Database) -> None:
    records = Records(db)
    await records.vote(await records.case(), labels={"insult": "right", "threat": "unknown", "toxic": "wrong"})
    await records.vote(await records.case(), "skip")
    await records.vote(await records.case(guild_id=GUILD + 1))

    skipped, judged = await ExportStore(db).verdicts(WANTED)

    assert (skipped["verdict"], skipped["labels"]) == ("skip", [])
    assert [(row["label"], row["answer"]) for row in judged["labels"]] == [("insult", "right"), ("toxic", "wrong")]
    assert await ExportStore(db).verdicts(Wanted(GUILD, WANTED.since, 2, below=judged["id"])) == []


async def test_changes_of_settings_come_with_old_and_new(db: Database) -> None:
    guilds = GuildStore(db)
    await guilds.save(GuildRules(GUILD, cards_a_day=12), by=7, at=NOON)
    (change,) = await ExportStore(db).setting_changes(WANTED)
    assert [change[name] for name in ("setting", "old", "new", "changed_by")] == ["cards_a_day", 30, 12, 7]
