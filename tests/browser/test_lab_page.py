"""The lab's page, used as its users do: with a mouse, with the keyboard alone, on a phone, in the dark."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, WebSocketRoute, expect
from tests.lab.served import Served

from lamina.lab.experiment import build, rows_of
from lamina.lab.state import LabState, LayerState, to_address

ROOT = Path(__file__).parents[2]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
TABLE = "age,city,income\n" + "".join(
    f"{20 + i % 50},{'Rome' if i % 3 else 'Oslo'},{'high' if i % 7 > 3 else 'low'}\n" for i in range(300)
)


def play(page: Page) -> None:
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("status")).to_have_text("Training")


def wait_for_accuracy(page: Page, least: float) -> None:
    page.wait_for_function(
        """least => { const said = document.querySelector('.curves').textContent.match(/accuracy ([\\d.]+) %/)
                      return said && Number(said[1]) >= least }""",
        arg=least,
    )


def choose_lesson(page: Page, number: int) -> None:
    page.get_by_label("Lesson", exact=True).locator("select").select_option(str(number))


def test_xor_is_learned_from_the_page(page: Page) -> None:
    choose_lesson(page, 1)
    expect(page.get_by_role("heading", name="Why can't a perceptron learn XOR?")).to_be_visible()
    page.get_by_role("button", name="Add a layer").click()
    page.get_by_role("spinbutton", name="Units").fill("8")
    page.keyboard.press("Tab")
    play(page)
    wait_for_accuracy(page, 95)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("status")).to_have_text("Paused")
    before = page.locator(".counts").inner_text()
    page.get_by_role("button", name="One step").click()
    expect(page.locator(".counts")).not_to_have_text(before)


def test_a_cure_is_applied_and_the_run_before_stays_to_compare(page: Page) -> None:
    choose_lesson(page, 7)
    play(page)  # the doctor looks at small data unasked
    page.get_by_role("button", name="Apply: use relu", exact=True).first.click()
    wait_for_accuracy(page, 90)
    assert page.locator(".cards select").first.input_value() == "relu"
    comparison = page.get_by_role("region", name="Comparison")
    expect(comparison).to_contain_text("activation of all layers sigmoid → relu")
    expect(page.get_by_role("img", name="What the network of the run before predicted")).to_be_visible()
    for name in ("hidden_1", "output"):
        for quantity in ("activations", "gradients"):
            expect(page.get_by_role("img", name=f"Density of the {quantity} of {name} over time")).to_be_visible()
            expect(page.get_by_role("img", name=f"Density of the {quantity} of {name}, before over time")).to_be_visible()
    page.get_by_role("button", name="End the comparison").click()
    expect(page.get_by_role("img", name="What the network of the run before predicted")).to_have_count(0)
    expect(page.get_by_role("row", name="hidden_1, before")).to_have_count(0)


def test_a_run_that_is_kept_is_compared_with_all_that_come(page: Page) -> None:
    comparison = page.get_by_role("region", name="Comparison")
    expect(page.get_by_role("button", name="Keep this run to compare")).to_be_disabled()
    play(page)
    wait_for_accuracy(page, 60)
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Keep this run to compare").click()
    expect(comparison).to_contain_text("the run that you kept, with the same settings")
    play(page)
    for rate in ("0.1", "0.3"):
        page.get_by_label(re.compile("^Learning rate")).select_option(label=rate)
        expect(comparison).to_contain_text(f"learning rate 0.01 → {rate}")
    page.get_by_role("checkbox", name="x₁²").check()
    expect(comparison).to_contain_text("inputs x1, x2 → x1, x2, x1^2")
    page.get_by_role("button", name="Remove").click()
    expect(comparison).to_contain_text("hidden layers 4 tanh → none")
    expect(page.get_by_role("row", name="hidden_1, before")).to_be_visible()


def test_finer_knobs_are_turned_and_what_is_wrong_is_said(page: Page) -> None:
    page.get_by_label(re.compile("^Learning rate")).select_option("other …")
    page.keyboard.type("0.07")
    page.keyboard.press("Tab")
    expect(page.get_by_label(re.compile("^Learning rate")).locator("option:checked")).to_have_text("0.07")
    page.get_by_text("Settings of adam").click()
    page.get_by_label("beta1").fill("0.5")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Show the code").click()
    expect(page.locator("pre")).to_contain_text('{"kind": "adam", "learning_rate": 0.07, "beta1": 0.5}')
    page.get_by_label("beta1").fill("2")
    page.keyboard.press("Tab")
    expect(page.get_by_role("alert")).to_contain_text("beta1 must be")
    page.get_by_label("beta1").fill("")
    page.keyboard.press("Tab")
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_text("Clipping", exact=True).click()
    page.get_by_label("Clip the gradient's norm at").select_option("0.01")
    page.get_by_role("checkbox", name="batch norm").check()
    page.get_by_label(re.compile("^Where, to the activation")).select_option("after")
    page.get_by_label(re.compile("^Initialization")).select_option("normal")
    page.get_by_label(re.compile("^Standard deviation")).select_option("1")
    page.get_by_label(re.compile("^Epochs")).select_option("50")
    page.get_by_text("Stopping and restarts").click()
    page.get_by_label("Starts, of which the best stays").select_option("2")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("status")).to_contain_text("Of 2 starts, number")
    expect(page.locator(".curves")).to_contain_text("The gradient was clipped in 100 % of the last epoch's steps.")


def test_what_is_heard_of_an_earlier_run_is_not_shown(browser: Browser, lab: Served) -> None:
    page = browser.new_page()
    held: list[str | bytes] = []
    sockets: list[WebSocketRoute] = []

    def between(socket: WebSocketRoute) -> None:
        def hear(message: str | bytes) -> None:
            late = isinstance(message, str) and '"findings"' in message
            held.append(message) if late else socket.send(message)

        sockets.append(socket)
        socket.connect_to_server().on_message(hear)

    page.route_web_socket("**/live", between)
    page.goto(lab.address)
    page.wait_for_selector(".map canvas")
    page.get_by_role("button", name="Ask the doctor").click()
    expect(page.get_by_role("button", name="Examining …")).to_be_disabled()
    while not held:
        page.wait_for_timeout(50)
    page.get_by_label("Optimizer").select_option("momentum")
    expect(page.get_by_role("button", name="Ask the doctor")).to_be_enabled()
    sockets[0].send(held.pop())
    sockets[0].send(json.dumps({"kind": "ended", "code": "", "text": "This is over.", "run": 1}))
    sockets[0].send(json.dumps({"kind": "note", "text": "This is new.", "run": 2}))
    expect(page.get_by_text("This is new.")).to_be_visible()
    expect(page.locator(".doctor article")).to_have_count(0)
    expect(page.get_by_role("status")).to_have_text("Paused")
    page.close()


def choose_rate(page: Page, rate: str) -> None:
    page.locator("section[aria-label=Training]").get_by_label(re.compile("^Learning rate")).select_option(label=rate)


def test_a_run_that_learned_by_heart_is_not_called_healthy(page: Page) -> None:
    choose_lesson(page, 11)
    play(page)
    doctor = page.get_by_role("region", name="Doctor")
    expect(doctor).to_contain_text("stopped too late")
    expect(doctor).not_to_contain_text("healthy")
    expect(doctor).to_contain_text("three quarters of the 100 rows")
    page.get_by_role("button", name="Apply: stop by held-out rows").click()
    expect(page.get_by_role("status")).to_contain_text("Ended: ")
    expect(doctor).not_to_contain_text("stopped too late")


def test_the_cure_of_xor_is_a_button_and_its_address_names_the_lesson(page: Page, context: BrowserContext) -> None:
    choose_lesson(page, 1)
    play(page)
    page.get_by_role("button", name="Apply: add a hidden layer").click()
    wait_for_accuracy(page, 95)
    expect(page.get_by_text("outside of this page")).to_have_count(0)
    page.wait_for_function("location.hash.endsWith('.L3')")
    other = context.new_page()
    other.goto(page.url)
    expect(other.get_by_role("heading", name="Why can't a perceptron learn XOR?")).to_be_visible()
    expect(other.locator(".cards fieldset")).to_have_count(1)
    page.get_by_label("Lesson", exact=True).locator("select").select_option("")
    page.wait_for_function("!location.hash.includes('.')")


def test_losses_that_run_away_fit_their_axis_and_what_training_warns_of_is_shown(page: Page) -> None:
    choose_lesson(page, 5)
    choose_rate(page, "3")
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".curves")).to_contain_text("(scale of powers of 10)")
    choose_lesson(page, 2)
    page.locator(".cards select").first.select_option("step")
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".note")).to_contain_text("the derivative of 'step'")


def test_what_is_missing_is_said_in_the_words_of_the_page(page: Page) -> None:
    rows = page.get_by_role("spinbutton", name="Rows")
    rows.fill("")
    page.keyboard.press("Tab")
    expect(page.get_by_role("alert")).to_contain_text("Rows: ")
    rows.fill("50")
    page.keyboard.press("Tab")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_table_that_cannot_be_learned_leaves_no_earlier_network_beside_it(page: Page, tmp_path: Path) -> None:
    play(page)
    wait_for_accuracy(page, 50)
    (tmp_path / "same.csv").write_text("a,b\n" + "1,x\n2,x\n" * 20)
    page.get_by_label("Open a table").set_input_files(tmp_path / "same.csv")
    expect(page.get_by_role("alert")).to_contain_text("at least two classes")
    expect(page.locator(".unit")).to_have_count(0)
    expect(page.locator(".curves")).to_contain_text("training –")


def test_the_map_of_a_unit_grows_under_the_mouse_and_at_the_keyboards_focus(page: Page) -> None:
    choose_lesson(page, 11)
    unit = page.get_by_role("button", name="unit 3 of hidden layer 1")
    unit.hover()
    expect(page.locator(".tip canvas")).to_be_visible()
    page.mouse.move(0, 0)
    expect(page.locator(".tip")).to_be_hidden()
    unit.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="unit 4 of hidden layer 2")).to_be_focused()
    expect(page.locator(".tip canvas")).to_be_visible()
    expect(page.locator("button.unit[tabindex='0']")).to_have_count(1)


def weight_of(number: float) -> str:
    """A number as the page writes it, with a sign and three digits."""
    return f"{'−' if number < 0 else '+'}{float(f'{abs(number):.3g}'):#.3g}"


def in_the_middle_of_a_line(page: Page, number: int) -> tuple[float, float]:
    x, y = (
        page.locator(".canvas path")
        .nth(number)
        .evaluate(
            """path => { const at = path.getPointAtLength(path.getTotalLength() / 2)
                     const box = path.ownerSVGElement.getBoundingClientRect()
                     return [box.x + at.x, box.y + at.y] }"""
        )
    )
    return x, y


def test_the_numbers_of_a_connection_and_a_unit_are_shown_and_keep_up(page: Page) -> None:
    experiment = build(LabState(), rows_of(LabState()))
    weight = experiment.trainer.weights["hidden_1.weight"]
    tip = page.locator(".tip")
    page.mouse.move(*in_the_middle_of_a_line(page, 1))  # from the first input to the second unit
    expect(tip).to_have_text(f"weight {weight_of(weight[0, 1])}")
    page.get_by_role("button", name="output ŷ").hover()
    expect(tip).to_contain_text(re.compile(r"output ŷ\s*bias \+0\.00\s*sum, mean [+−][\d.]+"))
    page.get_by_role("button", name="Play").press("Enter")  # the pointer stays where it is
    expect(tip).not_to_contain_text("+0.00")
    first = tip.inner_text()
    expect(tip).not_to_have_text(first)
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    page.get_by_role("button", name="unit 1 of hidden layer 1").hover()
    expect(tip).to_be_visible()
    page.mouse.move(0, 0)
    expect(tip).to_be_hidden()


def test_the_keyboard_goes_along_the_connections(page: Page) -> None:
    weight = build(LabState(), rows_of(LabState())).trainer.weights["hidden_1.weight"]
    page.get_by_role("button", name="unit 3 of hidden layer 1").focus()
    page.keyboard.press("Enter")
    for number in (0, 1):
        line = page.get_by_role("button", name=f"weight from input x{'₁₂'[number]} to unit 3 of hidden layer 1")
        expect(line).to_be_focused()
        expect(line).to_have_accessible_description(f"weight {weight_of(weight[number, 2])}")
        page.keyboard.press("ArrowDown")
    for _ in range(3):  # no further than to the first
        page.keyboard.press("ArrowUp")
    expect(page.get_by_role("button", name="weight from input x₁ to unit 3 of hidden layer 1")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("button", name="input x₂", exact=True)).to_be_focused()
    expect(page.locator(".canvas button[tabindex='0']")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(page.locator(".tip")).to_be_hidden()


def test_where_the_keyboard_was_the_pointer_shows_the_nearest_line(page: Page) -> None:
    weight = build(LabState(), rows_of(LabState())).trainer.weights["hidden_1.weight"]
    page.get_by_role("button", name="unit 1 of hidden layer 1").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    x, y = in_the_middle_of_a_line(page, 0)
    page.mouse.move(x, y - 6)  # within the button that the keyboard came to
    expect(page.locator(".tip")).to_have_text(f"weight {weight_of(weight[0, 0])}")
    assert page.evaluate("([x, y]) => document.elementFromPoint(x, y).className", [x, y]) != "edge"


def test_a_long_number_of_a_connection_stays_in_one_line(page: Page) -> None:
    weights = build(LabState(), rows_of(LabState())).trainer.weights["output.weight"][:, 0]
    smallest = int(abs(weights).argmin())
    page.get_by_role("button", name="output ŷ").focus()
    page.keyboard.press("Enter")
    heights = []
    for weight in weights:
        expect(page.locator(".tip")).to_have_text(f"weight {weight_of(weight)}")
        box = page.locator(".tip").bounding_box()
        heights.append(box and box["height"])
        page.keyboard.press("ArrowDown")
    assert len(weight_of(weights[smallest])) > 5, "one of them is long"
    assert len(set(heights)) == 1


def test_a_tap_shows_the_numbers(browser: Browser, lab: Served) -> None:
    context = browser.new_context(viewport={"width": 380, "height": 900}, has_touch=True)
    page = context.new_page()
    page.goto(lab.address)
    page.wait_for_selector(".map canvas")
    page.get_by_role("button", name="unit 2 of hidden layer 1").tap()
    expect(page.locator(".tip")).to_contain_text("bias +0.00")
    page.touchscreen.tap(*in_the_middle_of_a_line(page, 0))
    expect(page.locator(".tip")).to_have_text(re.compile(r"^\s*weight [+−]0\.\d+\s*$"))
    context.close()


def test_inputs_are_switched_on_and_off_and_stand_in_the_address_and_the_code(page: Page, context: BrowserContext) -> None:
    choose_lesson(page, 1)
    page.get_by_role("checkbox", name="x₁x₂").check()
    expect(page.get_by_role("img", name="The network: 3-1, 4 weights")).to_be_visible()
    for name in ("x₁", "x₂"):
        page.get_by_role("checkbox", name=name, exact=True).uncheck()
    expect(page.get_by_role("checkbox", name="x₁x₂")).to_be_disabled()
    expect(page.get_by_role("img", name="The network: 1-1, 2 weights")).to_be_visible()
    play(page)
    wait_for_accuracy(page, 99)
    page.get_by_role("button", name="Show the code").click()
    expect(page.locator("pre")).to_contain_text("X = np.column_stack([x1 * x2])")
    other = context.new_page()
    other.goto(page.url)
    expect(other.get_by_role("checkbox", name="x₁x₂")).to_be_checked()
    expect(other.get_by_role("checkbox", name="x₁", exact=True)).not_to_be_checked()
    expect(other.get_by_role("img", name="What the network predicts in the plane")).to_be_visible()
    page.get_by_label("Source").select_option("digits")
    expect(page.get_by_role("group", name="Inputs")).to_have_count(0)


def test_play_after_the_end_begins_anew(page: Page) -> None:
    choose_lesson(page, 8)
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("status")).to_contain_text("Ended: ")
    page.get_by_role("button", name="One step").click()
    expect(page.get_by_role("status")).to_have_text("Paused")
    expect(page.locator(".counts")).to_contain_text("step 1")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("status")).to_contain_text("Ended: ")
    page.get_by_role("button", name="Restart").click()
    expect(page.get_by_role("status")).to_have_text("Paused")
    page.get_by_label(re.compile("^Learning rate")).select_option("0.01")
    play(page)


def test_an_address_that_is_typed_into_the_page_is_opened(page: Page) -> None:
    state = LabState(layers=(LayerState(7), LayerState(6)), seed=3)
    page.evaluate("address => (location.hash = address)", to_address(state))
    expect(page.get_by_role("img", name="The network: 2-7-6-1, 76 weights")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Units").first).to_have_value("7")


def test_a_table_is_opened_read_otherwise_and_learned(page: Page, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(TABLE)
    page.get_by_label("Open a table").set_input_files(tmp_path / "people.csv")
    expect(page.get_by_text("people.csv, 300 rows")).to_be_visible()
    expect(page.get_by_text("67% of the rows are copies of others")).to_be_visible()
    expect(page.locator(".unit canvas")).to_have_count(0)  # those of points in the plane
    page.get_by_label("Read city as").select_option("ignore")
    expect(page.get_by_role("img", name=re.compile("^The network: 1-"))).to_be_visible()
    page.get_by_label("Column to predict").select_option("city")
    play(page)
    expect(page.locator(".curves")).to_contain_text("accuracy")
    (tmp_path / "no.csv").write_text("")
    page.get_by_label("Open a table").set_input_files(tmp_path / "no.csv")
    expect(page.get_by_role("alert")).to_contain_text("no.csv: a table must have a header")


def test_a_shared_address_shows_the_same_in_another_tab(page: Page, context: BrowserContext) -> None:
    choose_lesson(page, 9)
    expect(page.locator(".cards select").nth(1)).to_have_value("zeros")
    page.wait_for_function("location.hash.length > 100")
    other = context.new_page()
    other.goto(page.url)
    expect(other.locator(".cards select").nth(1)).to_have_value("zeros")
    expect(other.locator(".cards fieldset")).to_have_count(2)
    play(page)
    expect(other.get_by_role("status")).to_have_text("Paused")


def test_the_code_and_the_model_can_be_taken_along(page: Page, tmp_path: Path) -> None:
    page.get_by_role("button", name="Show the code").click()
    expect(page.locator("pre")).to_contain_text("trainer.fit(X, y")
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the model").click()
    download.value.save_as(tmp_path / "lab.lamina")
    from lamina import load_model

    assert load_model(tmp_path / "lab.lamina").network.num_parameters == 17


def test_settings_are_kept_in_a_file(page: Page, tmp_path: Path) -> None:
    choose_lesson(page, 9)
    expect(page.locator(".cards select").nth(1)).to_have_value("zeros")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the settings").click()
    download.value.save_as(tmp_path / "lab.json")
    choose_lesson(page, 1)
    expect(page.locator(".cards fieldset")).to_have_count(0)
    page.get_by_label("Open settings").set_input_files(tmp_path / "lab.json")
    expect(page.locator(".cards select").nth(1)).to_have_value("zeros")
    (tmp_path / "no.json").write_text("[")
    page.get_by_label("Open settings").set_input_files(tmp_path / "no.json")
    expect(page.get_by_role("alert")).to_have_text("no.json holds no settings of the lab.")


def test_the_keyboard_alone_suffices(page: Page) -> None:
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim().split('\\n')[0]")
        )
    for name in ("Play", "One step", "Restart", "Speed", "Source", "Optimizer", "Add a layer", "Ask the doctor", "Show the code"):
        assert any(text.startswith(name) for text in reached), name
    page.get_by_role("button", name="Play").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Training")


@pytest.mark.parametrize("width", [320, 768, 1400, 2560])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_every_width_and_axe_finds_nothing(browser: Browser, lab: Served, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(f"{lab.address}")
    page.wait_for_selector(".map canvas")
    play(page)
    page.wait_for_selector(".doctor article")
    page.get_by_role("button", name="Ask the doctor").click()
    page.wait_for_selector(".doctor article")
    page.get_by_role("button", name="unit 1 of hidden layer 1").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".tip")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.add_script_tag(path=AXE)
    violations = page.evaluate("axe.run().then(found => found.violations)")
    assert [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in violations] == []
    context.close()


def test_a_page_too_many_says_so_and_opens_when_another_one_is_closed(browser: Browser) -> None:
    from tests.lab.served import served

    from lamina.lab.server import MOST_PAGES, Lab

    with served(Lab(LabState())) as lab:
        others = [lab.page() for _ in range(MOST_PAGES)]
        for other in others:
            other.__enter__()
        page = browser.new_page()
        page.goto(lab.address)
        expect(page.get_by_role("alert")).to_contain_text(f"{MOST_PAGES} pages are open")
        expect(page.get_by_role("status")).to_have_text("Waiting for another page to be closed")
        for other in others:
            other.__exit__(None, None, None)
        expect(page.get_by_role("status")).to_have_text("Paused")
        expect(page.get_by_role("alert")).to_have_count(0)
        page.close()


def test_when_the_lab_has_ended_the_page_says_so(browser: Browser) -> None:
    from tests.lab.served import served

    from lamina.lab.server import Lab

    with served(Lab(LabState())) as lab:
        page = browser.new_page()
        page.goto(lab.address)
        page.wait_for_selector(".map canvas")
    expect(page.get_by_role("status")).to_contain_text("The lab does not answer")
    page.close()
