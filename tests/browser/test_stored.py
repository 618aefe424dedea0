"""Stored results in a real browser: chosen from a folder, followed while written, linked."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from store.recorded import blank
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.curvature.dense import spectrum
from thalweg.dynamics.project import project
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD, Adam
from thalweg.objectives.zoo import quadratic
from thalweg.store.folder import save
from thalweg.store.rows import Row
from thalweg.store.trajectory import Flush, TrajectoryStore
from thalweg.surface.evaluate import evaluate
from visit import visiting

BOWL = quadratic([1.0, 2.0, 3.0, 4.0, 5.0])
PLANE = Plane(np.zeros(5), np.eye(5)[:2])
START = np.array([1.5, -1.0, 0.5, 0.1, 0.1])
ATTACK = "<img src=x onerror=alert(1)>.zarr"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with one of each, a damaged one, and one that is named like an attack."""
    folder = tmp_path_factory.mktemp("runs")
    mapped = evaluate(BOWL, PLANE, Grid.square(2.0, 21))
    save(mapped, folder / "map.zarr")
    for optimizer in (SGD(0.05), Adam(0.05)):
        run = record(BOWL, START, optimizer, 40)
        save(project(BOWL, run, PLANE), folder / f"over-{optimizer.name}.zarr")
    save(mapped, folder / ATTACK)
    save(run, folder / "run.zarr")
    save(run, folder / "torn.zarr")
    save(spectrum(BOWL, START), folder / "spectrum.zarr")
    (folder / "torn.zarr" / "zarr.json").write_text("{")
    return folder


def test_one_after_the_other_is_chosen_from_a_folder(browser, served, place):
    with visiting(browser, served(place)()) as visit:
        visit.wait_for_terrain()
        page, chosen = visit.page, visit.page.get_by_label("Result")
        expect(chosen).to_have_value(ATTACK)
        chosen.select_option("map.zarr")
        expect(page.locator(".timeline li")).to_have_count(2)
        expect(page.locator(".timeline li").first).to_contain_text("stored")
        chosen.select_option("torn.zarr")
        expect(page.get_by_role("alert")).to_contain_text("torn.zarr must be readable")
        chosen.select_option("run.zarr")
        expect(page.get_by_role("alert")).to_be_hidden()
        expect(page.locator(".timeline li")).to_have_count(1)
        expect(page.locator(".trust")).to_contain_text("No terrain")
        expect(page.locator(".terrain-notice")).to_contain_text("No terrain")
        expect(page.get_by_label("Drop a ball")).to_be_disabled()
        expect(page.get_by_role("button", name="Drop at the middle")).to_be_disabled()
        expect(page.get_by_role("button", name="Find critical points")).to_be_disabled()
        expect(page.get_by_role("button", name="Basins")).to_be_enabled()
        expect(page.locator(".balls")).to_be_hidden()
        chosen.select_option("spectrum.zarr")
        expect(page.locator(".underneath")).to_contain_text("5 eigenvalues, 0 of them negative")


def test_a_run_that_is_written_is_followed(browser, served, tmp_path):
    known = record(BOWL, START, Adam(0.05), 30)
    store = TrajectoryStore(tmp_path / "r", blank(optimizer="Adam"), 1, Flush(rows=1), False)

    def row(step):
        point = known["point"].values[step].astype(np.float32)
        return Row(step, {"point": point}, float(known["loss"].values[step]), 0.0)

    for step in range(10):
        store.add(row(step))
    with visiting(browser, served(tmp_path)()) as visit:
        ball = visit.page.locator(".timeline li")
        expect(ball).to_have_attribute("data-status", "running")
        for step in range(10, 30):
            store.add(row(step))
        store.close(row(30))
        expect(ball).to_have_attribute("data-status", "stored")
        expect(visit.page.locator(".timeline")).to_contain_text("step 30 of 30")


def test_a_link_restores_what_was_dropped_on_a_stored_plane(browser, served, place):
    address = served(place, BOWL)
    with visiting(browser, address("#stored=map.zarr")) as visit:
        visit.wait_for_terrain()
        expect(visit.page.locator(".timeline li")).to_have_count(2)
        visit.click_map()
        expect(visit.page.locator(".timeline li")).to_have_count(3)
        visit.wait_for_address("Adam")
        fragment = visit.page.evaluate("location.hash")
        assert "stored=map.zarr" in fragment
        assert "window=" not in fragment  # the whole plane needs none
    with visiting(browser, address(fragment)) as visit:
        visit.wait_for_terrain()
        expect(visit.page.locator(".timeline li")).to_have_count(3)
        expect(visit.page.get_by_label("Result")).to_have_value("map.zarr")
        visit.until(lambda: visit.page.evaluate("location.hash") == fragment)


def test_a_spectrum_alone_is_shown_beside_the_bench(browser, served, place):
    with visiting(browser, served(place / "spectrum.zarr")()) as visit:
        visit.wait_for_terrain()
        expect(visit.page.locator(".underneath")).to_contain_text("5 eigenvalues")
        expect(visit.page.get_by_label("Activation")).to_be_visible()


def test_a_link_to_what_has_gone_says_so_over_the_bench(browser, served, place):
    with visiting(browser, served(place)("#stored=gone.zarr")) as visit:
        visit.wait_for_terrain()
        expect(visit.page.get_by_role("alert")).to_contain_text(re.compile("gone.zarr"))
