import pytest
import torch

from onevision.errors import InputError
from onevision.models.load import load_model
from onevision.train import cache as caching
from onevision.train.cache import FeatureCache, fill
from onevision.train.command import run
from onevision.train.data import Corpus
from onevision.train.encode import encode
from onevision.train.pack import picture_features, use_packing

FROZEN = {"freeze_vision_tower": True, "freeze_multi_modal_projector": True}


@pytest.fixture(scope="module")
def model(tiny_model_dir):
    model, processor = load_model(tiny_model_dir, device="cpu", dtype="float32")
    use_packing(model)
    return model, processor


@pytest.fixture
def corpus(recipe, rows):
    return Corpus(recipe(dataset=[rows(9)]))


def test_features_are_the_towers_own(model, corpus, recipe, tmp_path, monkeypatch):
    model, processor = model
    tower = model.model.visual
    monkeypatch.setattr(caching, "SHARD", 4)
    monkeypatch.setattr(caching, "FILL_PATCHES", 60)
    cache = FeatureCache(tmp_path, tower, processor, torch.float32)
    fill(cache, recipe(), corpus, tower, processor)
    assert len(list(cache.folder.iterdir())) > 1
    again = FeatureCache(tmp_path, tower, processor, torch.float32)
    for row in range(9):
        plain, kept = encode(corpus.sample(row), processor), encode(corpus.sample(row), processor, kept=again)
        assert torch.equal(kept.input_ids, plain.input_ids) and len(kept.pixel_values) == 0
        looked = picture_features(tower, processor.normalised(plain.pixel_values), plain.grid).detach()
        torch.testing.assert_close(kept.features, looked, atol=1e-5, rtol=1e-4)


def test_a_filled_cache_is_not_filled_again(model, corpus, recipe, tmp_path, monkeypatch):
    model, processor = model
    cache = FeatureCache(tmp_path, model.model.visual, processor, torch.float32)
    fill(cache, recipe(), corpus, model.model.visual, processor)
    before = sorted(cache.folder.iterdir())
    cache.find()
    monkeypatch.setattr(caching, "picture_features", None)
    fill(cache, recipe(), corpus, model.model.visual, processor)
    assert sorted(cache.folder.iterdir()) == before


def test_other_weights_and_other_settings_have_their_own_folder(model, tmp_path):
    model, processor = model
    tower = model.model.visual
    folders = {FeatureCache(tmp_path, tower, processor, dtype).folder for dtype in (torch.float32, torch.bfloat16)}
    weight = tower.merger.mlp[0].weight
    with torch.no_grad():
        weight[0, 0] += 1
        folders.add(FeatureCache(tmp_path, tower, processor, torch.float32).folder)
        weight[0, 0] -= 1
    assert len(folders) == 3


def test_a_damaged_shard_is_named(model, corpus, recipe, tmp_path):
    model, processor = model
    cache = FeatureCache(tmp_path, model.model.visual, processor, torch.float32)
    fill(cache, recipe(), corpus, model.model.visual, processor)
    (path,) = cache.folder.iterdir()
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(InputError, match=path.name):
        cache.find()


def test_a_run_with_the_cache_learns_what_one_without_learns(recipe, rows, tmp_path):
    keys = {"dataset": [rows(8)], "max_steps": -1, "val_size": 2, **FROZEN}
    plain, cached = (
        run(recipe(folder=name, **keys, **more)) for name, more in (("plain", {}), ("cached", {"feature_cache": str(tmp_path / "kept")}))
    )
    a, b = (load_model(folder, device="cpu", dtype="float32")[0].state_dict() for folder in (plain, cached))
    for name, weight in a.items():
        torch.testing.assert_close(weight, b[name], atol=2e-3, rtol=2e-2, msg=lambda text, name=name: f"{name}: {text}")


def test_a_tower_that_learns_has_no_cache(recipe, rows, tmp_path):
    with pytest.raises(InputError, match="freeze_vision_tower"):
        run(recipe(dataset=[rows(8)], feature_cache=str(tmp_path)))
