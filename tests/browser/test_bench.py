"""The bench: every control is in the link, and what is shown is what it says."""

import re

import pytest
from playwright.sync_api import expect

from thalweg.views.prose import number
from thalweg.web.bench import lay
from thalweg.web.messages import Bench
from visit import visiting

CONTROLS = [
    ("Set", "xor", {"data": "xor"}),
    ("Points a class", "60", {"points": 60}),
    ("Noise", "0.6", {"noise": 0.6}),
    ("Seed", "5", {"data_seed": 5}),
    ("Hidden layers", "2", {"depth": 2}),
    ("Width", "5", {"width": 5}),
    ("Activation", "tanh", {"activation": "tanh"}),
    ("Initial scale", "0.9", {"scale": 0.9}),
    ("Initial seed", "8", {"seed": 8}),
    ("L2 penalty", "0.25", {"l2": 0.25}),
]


@pytest.fixture(scope="module")
def address(served):
    return served()


def loss_of_the_middle(visit):
    """What the inspector says of the place that is looked at while no pointer says which."""
    return visit.page.locator(".inspector dd").first


def test_each_control_changes_the_true_loss_and_the_link(browser, address):
    with visiting(browser, address()) as visit:
        visit.wait_for_terrain()
        page, wanted = visit.page, {}
        for label, value, change in CONTROLS:
            control = page.get_by_label(label, exact=True)
            if control.evaluate("(el) => el.tagName") == "SELECT":
                control.select_option(value)
            else:
                control.fill(value)
            wanted |= change
            objective = lay(Bench(**wanted)).objective
            loss = number(objective.value(objective.start), 4)
            expect(loss_of_the_middle(visit)).to_have_text(loss)
            words = f"{objective.layout.size:,} parameters"
            expect(page.locator(".bench legend .quiet")).to_have_text(words)
        fragment = "#data=xor&points=60&noise=0.6&dataseed=5&depth=2&width=5"
        fragment += "&activation=tanh&scale=0.9&seed=8&l2=0.25"
        visit.until(lambda: page.evaluate("location.hash") == fragment)
        expect(page.get_by_role("heading", level=1)).to_have_text("2-5-5-1 tanh on xor")


def test_who_changes_much_at_once_loses_nothing(browser, address):
    with visiting(browser, address()) as visit:
        visit.wait_for_terrain()
        page = visit.page
        page.get_by_role("button", name="Drop at the middle").click()
        page.get_by_role("button", name="Clear runs").click()
        page.get_by_label("Set", exact=True).select_option("xor")
        for label, value in (("Noise", "0.5"), ("Width", "4"), ("Hidden layers", "3")):
            page.get_by_label(label, exact=True).fill(value)
        page.get_by_label("Activation").select_option("gelu")
        expect(page.get_by_role("heading", level=1)).to_have_text("2-4-4-4-1 gelu on xor")
        visit.wait_for_address("data=xor&noise=0.5&depth=3&width=4&activation=gelu")


def test_draw_again_is_another_seed(browser, address):
    with visiting(browser, address()) as visit:
        visit.wait_for_terrain()
        page = visit.page
        page.get_by_role("button", name="Draw again: Initial seed").click()
        visit.wait_for_address("seed=43")
        page.get_by_role("button", name="Draw again: Plane seed").click()
        visit.wait_for_address("log=filter,1")


def test_optimizers_rates_steps_and_batch_are_what_a_ball_is_dropped_with(browser, address):
    with visiting(browser, address("#speed=0")) as visit:
        visit.wait_for_terrain()
        page = visit.page
        page.get_by_label("Adam", exact=True).uncheck()
        page.get_by_label("RMSprop", exact=True).check()
        page.get_by_label("Learning rate of RMSprop").fill("0.003")
        page.get_by_label("Steps", exact=True).fill("25")
        page.get_by_label("Batch").select_option("16")
        visit.wait_for_address("balls=RMSprop:0.003")
        visit.click_map()
        ball = page.locator(".timeline li")
        expect(ball).to_have_count(1)
        expect(ball).to_contain_text("RMSprop, lr 0.003")
        expect(page.locator(".timeline output")).to_have_text("step 25 of 25")
        visit.until(lambda: re.search(r"log=drop,[^,]+,[^,]+,RMSprop:0.003,25,16", page.url))


def test_the_height_and_the_theme_are_the_visitors(browser, address):
    with visiting(browser, address(), color_scheme="light") as visit:
        visit.wait_for_terrain()
        page, words = visit.page, visit.page.locator(".terrain-words")
        expect(words).to_contain_text("linear scale")
        page.get_by_label("Height").select_option("log")
        expect(words).to_contain_text("log scale")
        visit.wait_for_address("height=log")
        drawn = visit.drawn("terrain")
        page.get_by_label("Theme").select_option("dark")
        expect(page.locator(".thalweg")).to_have_attribute("data-theme", "dark")
        visit.wait_for_drawing("terrain", drawn)
        visit.wait_for_address("theme=dark")


def test_what_cannot_be_is_said_and_not_shown_as_if_it_counted(browser, address):
    with visiting(browser, address("#speed=0")) as visit:
        visit.wait_for_terrain()
        page, told = visit.page, visit.page.get_by_role("alert")
        steps = page.get_by_label("Steps", exact=True)
        steps.fill("20000")
        steps.blur()
        expect(told).to_have_text(
            "Steps must be a whole number from 1 to 10,000, got 20000; it stays 300.Dismiss"
        )
        expect(steps).to_have_value("300")
        rate = page.get_by_label("Learning rate of Adam", exact=True)
        rate.fill("-5")
        rate.blur()
        expect(told).to_contain_text("Learning rate of Adam must be a number from")
        expect(rate).to_have_value("0.02")
        page.get_by_role("button", name="Drop at the middle").click()
        expect(page.locator(".timeline output")).to_have_text("step 300 of 300")
        expect(told).to_be_hidden()
