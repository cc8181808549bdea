"""The page shows its connection state, and nothing is lost while it is disconnected."""

import re

from playwright.sync_api import WebSocketRoute, expect

from tests.browser.console import Window

FEED = re.compile("/playground/ws")


def test_it_says_connected_and_stays_so_from_one_question_to_the_next(window: Window) -> None:
    tab = window.open()
    tab.wait_for(lambda: tab.connection == "Connected")
    said = tab.page.evaluate_handle(
        """() => {
            const place = document.querySelector(".attune-connection"), said = [];
            const changes = new MutationObserver(() => said.push(place.dataset.state));
            changes.observe(place, { attributes: true });
            return said;
        }"""
    )
    for words in ("One", "Two", '#fake {"words": 10, "rate": 40}\nThree'):
        tab.ask(words)
    assert said.json_value() == []
    assert sum("/playground/ws" in address for address in window.asked) == 1


def test_a_socket_that_is_cut_is_opened_again_and_the_answer_is_whole(window: Window) -> None:
    window.tolerates = ("WebSocket",)
    sockets: list[WebSocketRoute] = []
    is_cut = False

    def pass_on(socket: WebSocketRoute) -> None:
        if is_cut:
            socket.close()
            return
        socket.connect_to_server()
        sockets.append(socket)

    window.context.route_web_socket(FEED, pass_on)
    tab = window.open()
    tab.wait_for(lambda: tab.connection == "Connected")
    tab.begin_answer(words=120, rate=25)
    is_cut = True
    try:
        sockets[-1].close()
        tab.wait_for(lambda: tab.connection == "Connecting")
    finally:
        is_cut = False
    tab.wait_for(lambda: tab.connection == "Connected")
    expect(tab.messages).to_have_count(2)
    assert len(tab.last.locator(".attune-markdown").inner_text().split()) == 122


def test_a_network_that_goes_and_comes_back_is_noticed_at_once(window: Window) -> None:
    window.tolerates = ("WebSocket", "ERR_INTERNET_DISCONNECTED", "Failed to fetch")
    tab = window.open()
    tab.wait_for(lambda: tab.connection == "Connected")
    tab.begin_answer(words=120, rate=25)
    window.context.set_offline(True)
    try:
        tab.wait_for(lambda: tab.connection == "Connecting", within_s=10)
    finally:
        window.context.set_offline(False)
    tab.wait_for(lambda: tab.connection == "Connected", within_s=20)
    expect(tab.messages).to_have_count(2)
    expect(tab.last).not_to_contain_text("Failed")
    assert len(tab.last.locator(".attune-markdown").inner_text().split()) == 122
