from dlbench.files import PARTIAL
from dlbench.runs.checkpoint_files import FOLDER, checkpoint_path, discard_checkpoints, remove_empty_folder


def test_a_trials_checkpoint_goes_with_what_was_half_written_of_it_and_others_stay(tmp_path):
    folder = tmp_path / FOLDER
    folder.mkdir()
    mine, other = checkpoint_path(folder, "aa"), checkpoint_path(folder, "bb")
    for path in (mine, folder / f".{mine.name}{PARTIAL}123", other, folder / f".{other.name}{PARTIAL}123"):
        path.touch()
    discard_checkpoints(tmp_path, ["aa", "cc"])
    assert sorted(path.name for path in folder.iterdir()) == [f".bb.pt{PARTIAL}123", "bb.pt"]
    remove_empty_folder(tmp_path)
    assert other.is_file()
    discard_checkpoints(tmp_path, ["bb"])
    remove_empty_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []
    discard_checkpoints(tmp_path, ["bb"])
    remove_empty_folder(tmp_path)
