"""The choice that stands in the address: links, the box, and coming back to a page that one had left."""

from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from pages.ui.choice import choose_in_address, explain_absence

    options = st.session_state.get("options", ["a", "b", "c"])
    if not st.toggle("Elsewhere", key="elsewhere"):
        explain_absence("which", options, "a letter that is there")
        chosen = choose_in_address(
            "Which", options, parameter="which", key="box", format_func=str.upper, default=st.session_state.get("first")
        )
        st.text(f"chosen: {chosen}")


def opened(**query: str) -> AppTest:
    app = AppTest.from_function(page)
    app.query_params.update(query)
    return app.run()


def chosen(app: AppTest) -> tuple[str, str | None]:
    assert not app.exception
    asked = app.query_params.get("which")
    return app.text[0].value.removeprefix("chosen: "), asked[0] if isinstance(asked, list) else asked


def test_without_a_link_the_default_is_chosen_and_stands_in_the_address():
    assert chosen(opened()) == ("a", "a")
    app = AppTest.from_function(page)
    app.session_state["first"] = "b"
    assert chosen(app.run()) == ("b", "b")


def test_a_link_decides_then_the_box_then_another_link():
    app = opened(which="c")
    assert chosen(app) == ("c", "c")
    assert chosen(app.selectbox(key="box").set_value("b").run()) == ("b", "b")
    app.query_params["which"] = "a"
    assert chosen(app.run()) == ("a", "a")


def test_the_choice_is_there_again_after_a_while_without_the_box():
    app = opened()
    app.selectbox(key="box").set_value("c").run()
    app.toggle(key="elsewhere").set_value(True).run()
    assert not app.selectbox
    assert chosen(app.toggle(key="elsewhere").set_value(False).run()) == ("c", "c")


def test_what_the_address_names_and_is_not_there_is_told():
    app = opened(which="z")
    assert app.warning[0].value == "Expected a letter that is there. Received z, which is not there."
    assert chosen(app) == ("a", "a")


def test_one_option_needs_no_box_and_none_leaves_the_address():
    app = AppTest.from_function(page)
    app.session_state["options"] = ["b"]
    assert chosen(app.run()) == ("b", "b")
    assert not app.selectbox
    app.session_state["options"] = []
    assert chosen(app.run()) == ("None", None)


def test_a_choice_that_is_gone_gives_way():
    app = opened(which="c")
    app.session_state["options"] = ["a", "b"]
    assert chosen(app.run()) == ("a", "a")
