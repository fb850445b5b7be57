"""Takes the desk's pictures for docs/screenshots on a running product: `python -m tests.browser.desk.pictures`."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from playwright.async_api import Browser, Page, async_playwright, expect

from areaclienti.desk.demo import DEMO_PASSWORD
from areaclienti.identity.demo_cases import CASES
from tests.needs import needs
from tests.scenarios.customers import make_customer
from tests.scenarios.web_channel import WebChannel
from tests.stack import Stack, running_stack

TARGET = Path(__file__).parents[3] / "docs" / "screenshots"
OPEN = {
    "desk": "on",
    "desk_opens": "00:00",
    "desk_closes": "23:59:59",
    "desk_weekdays": "[1, 2, 3, 4, 5, 6, 7]",
    "desk_open_on_holidays": "true",
    "desk_offer_seconds": "600",
}
ASK = "voglio parlare con una persona"
PATIENCE_MS = 60_000


class Desk:
    """A browser window of one of the demo's people."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @classmethod
    async def sign_in(cls, browser: Browser, stack: Stack, name: str, **options: Any) -> Desk:
        options = {"viewport": {"width": 1440, "height": 900}, **options}
        context = await browser.new_context(
            base_url=stack.urls.gateway, locale="it-IT", timezone_id="Europe/Rome", reduced_motion="reduce", **options
        )
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        await page.goto("/desk")
        await page.get_by_label("Email").fill(next(one for one in await _demo_emails(page) if name in one))
        await page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
        await page.locator("form[action='/desk/accesso'] button:not([type=button])").first.click()
        await page.wait_for_url("**/codice")
        await page.locator(".demo-code button").click()
        await page.wait_for_url("**/desk")
        return cls(page)

    async def take(self, name: str) -> None:
        """A picture as one who looks closely would want it: nothing moves, nothing has the focus by accident."""
        await self.page.mouse.move(0, 0)
        await self.page.screenshot(path=TARGET / f"desk-{name}.png")
        print(f"desk-{name}.png: {(TARGET / f'desk-{name}.png').stat().st_size // 1024} KB", flush=True)

    async def present(self) -> None:
        await self.page.get_by_label("La tua presenza").select_option("available")
        await expect(self.page.locator("#presence")).to_have_attribute("data-presence", "available")

    async def opens(self, reason: str) -> None:
        """Takes the first with that reason."""
        card = self.page.locator(".card", has_text=reason).filter(has=self.page.get_by_role("button", name="Prendi"))
        await card.first.get_by_role("button", name="Prendi").click()
        await self.page.wait_for_url("**/desk/conversazioni/*")
        await expect(self.page.locator("#summary")).to_contain_text("Controlli")


async def _demo_emails(page: Page) -> list[str]:
    fields = page.locator(".demo-people input[name=email]")
    return [await fields.nth(index).input_value() for index in range(await fields.count())]


async def customer(stack: Stack, *steps: Sequence[str]) -> WebChannel:
    """A customer of the web chat who does that, and then waits for a person."""
    channel = WebChannel(stack.urls.gateway)
    await channel.open()
    for kind, *what in steps:
        does: dict[str, Any] = {"text": channel.text, "choose": channel.choose, "secret": channel.secret}
        answer: Awaitable[Any] = does[kind](*what)
        await answer
    return channel


def waits_since(stack: Stack, minutes: Sequence[int]) -> None:
    """Lets those who wait have waited so long, the first to come first."""
    with closing(sqlite3.connect(stack.gateway_database, timeout=30)) as connection, connection:
        ids = [row[0] for row in connection.execute("SELECT id FROM handovers ORDER BY queued_at")]
        for handover_id, ago in zip(ids, minutes, strict=True):
            shifted = "strftime('%Y-%m-%d %H:%M:%f000', queued_at, ?)"
            connection.execute(
                f"UPDATE handovers SET queued_at = {shifted} WHERE id = ?", (f"-{ago} minutes", handover_id)
            )


async def not_recognised(stack: Stack, name: str, email: str) -> WebChannel:
    """Typed a name that is not on file, and a tax code that is nobody's, until a person was called (manual 6c)."""
    nobody = make_customer("stranger", 19_000).variables["codice_fiscale"]
    tax_codes = [("secret", "tax_code", nobody)] * 4
    return await customer(
        stack,
        ("choose", "Persona"), ("text", name), ("text", email), ("secret", "password", "Lanterna7Verde"),
        ("choose", "Ho preso visione"), ("choose", "È tutto giusto"), *tax_codes,
    )  # fmt: skip


async def wants_another_contact(stack: Stack) -> WebChannel:
    """A customer of the demo whom his tax code names, and who wants none of the contacts on file (manual 5c)."""
    mario = next(case for case in CASES if (case.given_name, case.family_name) == ("Mario", "Rossi"))
    return await customer(
        stack,
        ("choose", "Persona"), ("text", "Mario Rossi"), ("text", "mario@nuovo.example"),
        ("secret", "password", "Lanterna7Verde"), ("choose", "Ho preso visione"), ("choose", "È tutto giusto"),
        ("secret", "tax_code", mario.codice_fiscale), ("text", "posso usare un recapito diverso?"),
        ("choose", "Richiedi assistenza"),
    )  # fmt: skip


async def ask_for_contact(browser: Browser, stack: Stack) -> None:
    """His agency asks for the new one, and a second person has it before her."""
    paola = await Desk.sign_in(browser, stack, "paola.riva")
    await paola.page.get_by_label("La tua presenza").select_option("paused")
    await paola.opens("Vuole un recapito diverso")
    await paola.page.get_by_role("button", name="Nuovo recapito").click()
    dialog = paola.page.get_by_role("dialog")
    await dialog.get_by_label("Email o numero di cellulare").fill("mario@nuovo.example")
    await dialog.get_by_role("button", name="Chiedi la conferma").click()
    await expect(paola.page.locator("#banners")).to_contain_text("Richiesta inviata")
    stefania = await Desk.sign_in(browser, stack, "stefania.villa")
    await stefania.page.goto("/desk/recapiti")
    await expect(stefania.page.locator(".contact-card")).to_have_count(1)
    await stefania.take("contacts")


async def draw(stack: Stack) -> None:
    """All pictures."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=needs("chromium"), args=["--no-sandbox"])
        giulia = await Desk.sign_in(browser, stack, "giulia.conti")
        await giulia.present()
        await giulia.page.get_by_label("La tua presenza").select_option("paused")
        await giulia.take("empty")

        anna = await not_recognised(stack, "Anna Bianchi", "anna.bianchi@example.it")
        waiting = [
            anna,
            await customer(
                stack, ("text", "blabla xyz"), ("text", "qwerty zxcv"), ("text", "asdf ghjk"), ("text", "operatore")
            ),
            await customer(
                stack, ("choose", "Persona"), ("text", "Sara Neri"), ("text", "sara.neri@example.it"), ("text", ASK)
            ),
            await customer(stack, ("choose", "Azienda"), ("text", ASK)),
        ]
        await expect(giulia.page.locator("#waiting .card")).to_have_count(4, timeout=PATIENCE_MS)
        waits_since(stack, [14, 9, 5, 1])
        marta = await Desk.sign_in(browser, stack, "marta.ricci")
        await marta.page.get_by_label("La tua presenza").select_option("paused")
        await expect(giulia.page.locator("#waiting")).to_contain_text("da 14 min")
        await giulia.take("queue")

        await giulia.page.locator("#waiting .card").first.get_by_role("button", name="Prendi").click()
        await giulia.page.wait_for_url("**/desk/conversazioni/*")
        field = giulia.page.locator("#scrivi")
        await field.fill(
            "Ciao Anna, sono Giulia. Ho letto quello che hai già scritto: vediamo insieme che cosa non va."
        )
        await field.press("Enter")
        await giulia.page.get_by_role("button", name="Nota interna").click()
        await field.fill("Il cognome sul documento è Bianchi Rossi: sentita l’Agenzia, confermano.")
        await field.press("Enter")
        await expect(giulia.page.locator(".line.note")).to_be_visible()
        words = "grazie! sul documento ho due cognomi, Bianchi Rossi: può essere quello?"
        await anna._send("/api/messages", {"client_id": str(uuid4()), "text": words})  # nobody answers it at once
        await expect(giulia.page.locator("#talk-log")).to_contain_text("due cognomi")
        await giulia.page.get_by_role("button", name="Risposta", exact=True).click()
        await field.fill("Sì, è proprio quello. Ora ti lascio all’assistente: riscrivi il cognome così com")
        await expect(giulia.page.get_by_text("Bozza salvata")).to_be_visible()
        given = giulia.page.locator("#given")
        await given.get_by_role("button", name="Mostra Recapito").click()
        await given.get_by_role("button", name="Devo richiamarlo").click()
        await expect(given).to_contain_text("anna.bianchi@example.it")
        await giulia.take("conversation")
        await giulia.page.emulate_media(color_scheme="dark")
        await giulia.take("conversation-dark")
        await giulia.page.emulate_media(color_scheme="light")

        await field.fill("")
        await field.press_sequentially("/cod")
        await giulia.take("canned")
        await field.press("Escape")
        await giulia.page.locator("#talk-actions").get_by_role("button", name="Restituisci al bot").click()
        dialog = giulia.page.get_by_role("dialog")
        await dialog.get_by_label("Riparte da").select_option("name")
        await dialog.get_by_label("La sua domanda").check()
        await dialog.get_by_role("group", name="Manca ancora").get_by_label("Nome e cognome").check()
        await giulia.take("hand-back")
        await giulia.page.keyboard.press("Escape")

        await marta.page.reload()
        await expect(marta.page.locator("#others")).to_contain_text("La segue Giulia Conti")
        await marta.take("supervisor")

        address = giulia.page.url
        await giulia.page.set_viewport_size({"width": 390, "height": 844})
        await giulia.page.goto(address)
        await expect(giulia.page.locator("#talk-log")).to_contain_text("due cognomi")
        await giulia.take("phone")
        await giulia.page.goto("/desk")
        await expect(giulia.page.locator("#waiting .card").first).to_be_visible()
        await giulia.take("phone-queue")
        waiting.append(await wants_another_contact(stack))
        await ask_for_contact(browser, stack)
        for one in waiting:
            with suppress(Exception):
                await one.close()
        await browser.close()


def main() -> int:
    """Start a product, take the pictures, stop it."""
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="desk-pictures-") as folder,
        running_stack(Path(folder) / "var", **OPEN) as stack,
    ):
        asyncio.run(draw(stack))
    print(f"{time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
