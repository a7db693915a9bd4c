"""The repository of a folder, through the git program: which one it is, and which ones are refused."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from reconcile.errors import ReconcileError
from reconcile.git import repository
from reconcile.git.clean_check import not_as_committed
from reconcile.git.old_ref import old_applied_commit
from reconcile.git.refs import commit_of
from reconcile.git.repository import Repository, author, find, head
from reconcile.git.worktree import WorkTree
from reconcile.model.finding import DeclarationError
from tests.git.conftest import run_git, unclean


def asked_clean(found):
    """Ask what differs, of a tree of which nothing was read."""
    return not_as_committed(found, WorkTree(found.folder), "HEAD", wanted=lambda path: False)


def test_the_top_is_that_of_the_work_tree(git):
    folder, _ = git
    assert find(folder / "schedules").top.samefile(folder)


def test_before_the_first_commit_there_is_no_revision(git):
    folder, _ = git
    assert head(find(folder)) is None


def test_the_head_is_the_commit(git):
    folder, run = git
    run("commit", "--allow-empty", "--quiet", "-m", "one")
    assert head(find(folder / "schedules")) == run("rev-parse", "HEAD")


def test_outside_git_there_is_neither(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    found = find(tmp_path)
    assert (found.top, head(found), found.is_outside) == (None, None, True)


def test_a_folder_that_is_not_there_has_no_repository(tmp_path):
    assert find(tmp_path / "gone").is_outside


def test_without_the_git_program_there_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert find(tmp_path).is_outside


def without_program(_, monkeypatch):
    monkeypatch.setenv("PATH", "")


def broken(place, _):
    (place / "HEAD").unlink()


def leading_nowhere(place, _):
    shutil.rmtree(place)
    place.write_text("gitdir: /nowhere/.git/worktrees/a\n", encoding="utf-8")


def dangling(place, _):
    shutil.rmtree(place)
    place.symlink_to("nowhere")


@pytest.mark.parametrize("inside", [False, True], ids=["alone", "in-a-repository"])
@pytest.mark.parametrize("harm", [without_program, broken, leading_nowhere, dangling])
def test_a_git_folder_that_git_does_not_answer_for_is_neither_outside_nor_passed_over(git, monkeypatch, harm, inside):
    folder, _ = git
    if inside:
        run_git(folder.parent, "init", "--quiet")
    harm(folder / ".git", monkeypatch)
    found = find(folder / "schedules")
    assert (found.top, found.is_outside) == (None, False)
    with pytest.raises(ReconcileError, match=r"does not answer for .*\.git: |not a git repository: /nowhere") as caught:
        head(found)
    assert "git fsck" not in (caught.value.hint or "")


def test_a_work_tree_that_git_is_told_of_is_answered_for(git):
    folder, run = git
    run("config", "core.worktree", str(folder.parent))
    assert find(folder / "schedules").top == folder.parent


def test_a_git_that_does_not_answer_is_an_error_only_of_what_needs_it(git, other_git, impatient):
    folder, _ = git
    other_git("sleep 300")
    found = find(folder)
    assert (found.top, found.is_outside) == (None, False)
    for asked in (asked_clean, head):
        with pytest.raises(ReconcileError, match="git did not end within"):
            asked(found)


def test_a_git_that_stops_answering_cannot_say_the_head(git, other_git, monkeypatch):
    found = find(git[0])
    other_git("sleep 300")
    monkeypatch.setattr("reconcile.git.program.ASK_SECONDS", 0.2)
    with pytest.raises(ReconcileError, match="git did not end within"):
        head(found)


KILLED = "kill -9 $$"
ENDED_IN_PLACE = [pytest.param(KILLED, id="killed"), *(pytest.param(f"exit {n}", id=n) for n in ("126", "127", "137"))]


@pytest.mark.parametrize("end", ENDED_IN_PLACE)
@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(head, id="head"),
        pytest.param(lambda found: commit_of(found, "main"), id="revision"),
        pytest.param(lambda found: old_applied_commit(found, "prod", None), id="applied"),
        pytest.param(lambda found: old_applied_commit(found, "prod", "."), id="fetch"),
        pytest.param(asked_clean, id="not-as-committed"),
        pytest.param(lambda found: found.with_submodules(["schedules/inner"]), id="submodules"),
        pytest.param(find, id="find"),
    ],
)
def test_a_git_that_was_killed_never_means_no(git, other_git, asked, end):
    folder, _ = git
    repository = find(folder)
    other_git(end)
    if asked is find:
        found = find(folder)
        assert (found.top, found.is_outside) == (None, False)
        asked, repository = head, found
    with pytest.raises(ReconcileError, match=r"git was ended by signal 9|which is no answer of git"):
        asked(repository)


def test_a_git_that_cannot_be_started_is_not_one_that_is_missing(git, tmp_path, monkeypatch):
    folder, _ = git
    (tmp_path / "git").write_text("", encoding="utf-8")  # it may not be run
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not find(folder).is_outside


def test_a_folder_knows_where_in_its_repository_it_is(git):
    folder, _ = git
    assert find(folder).prefix == ""
    assert find(folder / "schedules").prefix == "schedules/"


def test_a_folder_behind_a_link_is_where_the_link_leads(git, tmp_path):
    folder, _ = git
    (tmp_path / "link").symlink_to(folder / "schedules")
    assert find(tmp_path / "link").prefix == "schedules/"


def test_a_name_may_end_in_a_line_break(git):
    folder, _ = git
    (folder / "a\n" / "b\nc").mkdir(parents=True)
    found = find(folder / "a\n" / "b\nc")
    assert (found.prefix, found.top) == ("a\n/b\nc/", folder.resolve())


def test_a_repository_that_cannot_be_read_is_an_error(git):
    folder, _ = git
    (folder / ".git" / "config").write_text("[core", encoding="utf-8")
    with pytest.raises(ReconcileError, match="cannot be found out: fatal: bad config"):
        asked_clean(find(folder))


def test_the_environment_cannot_point_elsewhere(git, monkeypatch, tmp_path):
    folder, _ = git
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    assert find(folder).top.samefile(folder)


def test_a_path_is_shown_within_the_repository(git):
    folder, _ = git
    assert find(folder).path_within(folder / "schedules") == "schedules"
    assert find(folder / "schedules").path_within(folder) == "."


def test_a_path_is_shown_within_the_repository_from_wherever_it_is_named(git, monkeypatch):
    folder, _ = git
    monkeypatch.chdir(folder / "schedules")
    assert find(Path()).path_within(Path()) == "schedules"


def test_outside_git_a_path_is_shown_from_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    assert Repository(tmp_path).path_within(Path("a")) == "a"
    assert Repository(tmp_path).path_within(tmp_path.parent) == ".."


# Repositories that are not the one whose work tree holds the declarations.


def lookalike(folder, worktree="."):
    """Make of *folder* what git takes for a repository, as a branch can hold it."""
    (folder / "refs" / "heads").mkdir(parents=True)
    (folder / "objects").mkdir()
    (folder / "refs" / "heads" / "keep").touch()
    (folder / "objects" / "keep").touch()
    (folder / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    (folder / "config").write_text(
        f"[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = {worktree}\n", encoding="utf-8"
    )


def refused(call):
    with pytest.raises(DeclarationError) as caught:
        call()
    (finding,) = caught.value.findings
    assert finding.rule == "foreign-repository"
    assert finding.hint
    return finding.message


def test_declarations_in_what_looks_like_a_repository_are_refused(git):
    folder, _ = git
    lookalike(folder / "schedules")
    subprocess.run(
        ["git", "rev-parse", "--show-toplevel"], cwd=folder / "schedules", check=True
    )  # git takes it for one
    assert "schedules holds HEAD, objects and refs" in refused(lambda: find(folder / "schedules"))


def test_git_itself_is_told_to_leave_such_a_folder_alone(git, monkeypatch):
    folder, _ = git
    lookalike(folder / "schedules")
    monkeypatch.setattr(repository, "_refuse_lookalikes", lambda _: None)  # what if it looked otherwise
    assert "whose work tree does not hold it" in refused(lambda: find(folder / "schedules"))


def test_a_head_may_be_a_link_that_leads_nowhere(git):
    folder, _ = git
    lookalike(folder / "schedules")
    (folder / "schedules" / "HEAD").unlink()
    (folder / "schedules" / "HEAD").symlink_to("refs/heads/main")
    assert "schedules holds HEAD, objects and refs" in refused(lambda: find(folder / "schedules"))


def test_so_are_those_below_one(git):
    folder, _ = git
    lookalike(folder / "schedules", worktree="inner")
    (folder / "schedules" / "inner").mkdir()
    assert "schedules holds HEAD" in refused(lambda: find(folder / "schedules" / "inner"))


def test_the_top_of_the_work_tree_may_hold_anything(git):
    folder, _ = git
    lookalike(folder)
    assert find(folder / "schedules").top.samefile(folder)


def test_git_itself_is_not_asked_in_a_folder_that_shares_its_objects(git):
    folder, _ = git
    (folder / "schedules" / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    (folder / "schedules" / "commondir").write_text("../.git\n", encoding="utf-8")
    assert "schedules holds HEAD" in refused(lambda: find(folder / "schedules"))


def test_an_old_git_is_named_where_it_cannot_be_told_to_leave_it_alone(git, other_git):
    folder, _ = git
    lookalike(folder / "schedules")
    other_git('echo "git version 2.37.7"')
    message = refused(lambda: find(folder / "schedules"))
    assert message.endswith("; git 2.37 cannot be told to leave it alone")


@pytest.mark.parametrize("at", ["", "inner/"], ids=["at-the-top", "below"])
def test_a_bare_repository_is_refused(git, tmp_path, at):
    _, run = git
    run("init", "--quiet", "--bare", str(tmp_path / "bare"))
    (tmp_path / "bare" / "inner").mkdir()
    assert "bare" in refused(lambda: find(tmp_path / "bare" / at))


def test_a_folder_in_the_repositorys_own_folder_is_refused(git):
    folder, _ = git
    assert ".git" in refused(lambda: find(folder / ".git"))
    assert ".git" in refused(lambda: find(folder / ".git" / "refs"))


def test_a_work_tree_elsewhere_does_not_hold_the_declarations(git, tmp_path):
    folder, run = git
    run("config", "core.worktree", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    assert "whose work tree does not hold it" in refused(lambda: find(folder / "schedules"))


def held(folder):
    return find(folder).with_submodules(WorkTree(folder).repositories())


def test_a_folder_below_that_looks_like_a_repository_is_refused(git):
    folder, _ = git
    lookalike(folder / "schedules" / "tenants" / "深")
    assert refused(lambda: held(folder / "schedules")).startswith("schedules/tenants/深 is a repository of its own")


def test_an_empty_folder_of_gits_name_hides_no_lookalike(git):
    folder, _ = git
    lookalike(folder / "schedules" / "tenants")
    (folder / "schedules" / "tenants" / ".git").mkdir()
    assert "schedules/tenants is a repository" in refused(lambda: held(folder / "schedules"))


def test_a_clone_below_is_refused_ignored_or_not(git):
    folder, _ = git
    run_git(folder / "schedules", "init", "--quiet", "clone")
    (folder / ".gitignore").write_text("clone\n", encoding="utf-8")
    assert "schedules/clone is a repository of its own" in refused(lambda: held(folder / "schedules"))
    assert refused(lambda: held(folder))


def test_outside_git_one_below_is_refused_too(tmp_path):
    lookalike(tmp_path / "place" / "inner")
    assert "inner is a repository" in refused(lambda: held(tmp_path / "place"))


@pytest.fixture
def submodule(git, tmp_path):
    """A repository whose declarations hold a submodule, which holds another."""
    folder, run = git
    for name in ("inner", "outer"):
        run_git(tmp_path, "init", "--quiet", "--initial-branch=main", name)
        (tmp_path / name / "a.yaml").write_text("one", encoding="utf-8")
    files = ("-c", "protocol.file.allow=always")
    run_git(tmp_path / "inner", "add", "--all")
    run_git(tmp_path / "inner", "commit", "--quiet", "-m", "one")
    run_git(tmp_path / "outer", *files, "submodule", "--quiet", "add", str(tmp_path / "inner"), "inner")
    run_git(tmp_path / "outer", "add", "--all")
    run_git(tmp_path / "outer", "commit", "--quiet", "-m", "one")
    run(*files, "submodule", "--quiet", "add", str(tmp_path / "outer"), "schedules/outer")
    run(*files, "submodule", "--quiet", "update", "--init", "--recursive")
    run("commit", "--quiet", "-m", "one")
    return folder / "schedules"


def test_a_submodule_of_the_index_is_no_foreign_repository(submodule):
    assert held(submodule).submodules == ("outer", "outer/inner")
    assert find(submodule / "outer" / "inner").top == submodule / "outer" / "inner"


def test_one_that_left_the_index_is(submodule):
    run_git(submodule, "rm", "--quiet", "--cached", "outer")
    assert "schedules/outer is a repository" in refused(lambda: held(submodule))


def test_what_differs_in_a_submodule_is_not_as_committed(submodule):
    assert unclean(submodule) == ()
    (submodule / "outer" / "inner" / "a.yaml").write_text("two", encoding="utf-8")
    (submodule / "outer" / "new.yaml").touch()
    assert unclean(submodule) == ("outer/inner/a.yaml", "outer/new.yaml")


def test_what_a_submodule_holds_counts_as_the_commit_names_it(submodule):
    run_git(submodule / "outer", "commit", "--quiet", "--allow-empty", "-m", "two")
    assert unclean(submodule) == ()
    (submodule / "outer" / "a.yaml").write_text("two", encoding="utf-8")
    run_git(submodule / "outer", "commit", "--quiet", "-a", "-m", "three")
    assert unclean(submodule) == ("outer/a.yaml",)
    run_git(submodule, "add", "outer")
    assert unclean(submodule) == ("outer/a.yaml",)
    run_git(submodule, "commit", "--quiet", "-m", "three")
    assert unclean(submodule) == ()


def test_a_submodule_that_only_the_index_names_is_in_no_commit(submodule):
    run_git(submodule, "update-ref", "-d", "HEAD")
    run_git(submodule, "reset", "--quiet")
    run_git(submodule, "commit", "--quiet", "--allow-empty", "-m", "nothing")
    run_git(submodule, "-c", "advice.addEmbeddedRepo=false", "add", "outer")
    assert unclean(submodule, wanted=lambda path: False) == (
        "outer/.gitmodules",
        "outer/a.yaml",
        "outer/inner/a.yaml",
    )


def test_a_submodule_whose_files_are_not_here_is_not_as_committed(submodule):
    run_git(submodule, "submodule", "--quiet", "deinit", "--force", "--all")
    assert unclean(submodule) == ("outer/",)
    assert unclean(submodule, wanted=lambda path: not path.startswith("outer/")) == ()


def test_a_submodule_without_the_commit_that_is_named_is_not_as_committed(submodule):
    named = run_git(submodule, "rev-parse", "HEAD:schedules/outer")
    run_git(submodule, "update-index", "--cacheinfo", f"160000,{'1' * 40},schedules/outer")
    run_git(submodule, "commit", "--quiet", "-m", "one that is not here")
    assert named != "1" * 40
    assert unclean(submodule, wanted=lambda path: path == "outer/any.yaml") == (
        "outer/",
        "outer/.gitmodules",
        "outer/a.yaml",
        "outer/inner/a.yaml",
    )


def test_a_filter_of_a_submodule_is_not_run(submodule, tmp_path):
    module = submodule / "outer"
    run_git(module, "config", "filter.x.clean", f"touch '{tmp_path}/ran'; cat")
    (module / ".gitattributes").write_text("* filter=x\n", encoding="utf-8")
    (module / "a.yaml").write_text("two", encoding="utf-8")
    assert unclean(submodule) == ("outer/.gitattributes", "outer/a.yaml")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("kind", ["worktree", "shallow", "partial"])
def test_the_kinds_of_clones_are_found(git, tmp_path, kind):
    folder, run = git
    (folder / "schedules" / "a.yaml").write_text("one", encoding="utf-8")
    run("add", "--all")
    run("commit", "--quiet", "-m", "one")
    run("commit", "--quiet", "--allow-empty", "-m", "two")
    other = tmp_path / "other"
    if kind == "worktree":
        run("worktree", "add", "--quiet", "--detach", str(other))
    else:
        how = "--depth=1" if kind == "shallow" else "--filter=blob:none"
        run_git(tmp_path, "clone", "--quiet", how, folder.as_uri(), "other")
    found = find(other / "schedules")
    assert (found.prefix, found.is_shallow) == ("schedules/", kind == "shallow")
    assert head(found) == run("rev-parse", "HEAD")
    assert asked_clean(found) == ()


def test_the_author_is_that_of_the_commit(git):
    folder, run = git
    run("commit", "--allow-empty", "--quiet", "-m", "one", "--author", "张三 <zhang@example.org>")
    run_git(folder, "config", "user.name", "another user")
    assert author(find(folder)) == "张三 <zhang@example.org>"


def test_before_the_first_commit_the_author_is_the_configured_user(git):
    folder, run = git
    assert author(find(folder)) is None
    run("config", "user.email", "zhang@example.org")
    assert author(find(folder)) == "<zhang@example.org>"
    run("config", "user.name", "张三")
    assert author(find(folder)) == "张三 <zhang@example.org>"


def test_an_author_is_fit_to_be_shown(git):
    folder, run = git
    run("config", "user.name", "a\x1b[31m\u202eb\nauthor c" + "x" * 1000)
    shown = author(find(folder)) or ""
    assert shown.startswith("a [31m b author c")
    assert shown.isprintable()
    assert len(shown) < 400


def test_without_the_git_program_there_is_no_author(git, monkeypatch):
    folder, run = git
    run("commit", "--allow-empty", "--quiet", "-m", "one")
    monkeypatch.setenv("PATH", "")
    assert author(find(folder)) is None
