"""`up`, `serve`, `worker`, `migrate`."""

import asyncio
import signal
from pathlib import Path

import click

from backend.kit.crypto import Sealer
from backend.kit.database_url import driver_url
from backend.kit.errors import invalid
from backend.settings import SettingsError, default_data_dir, load_settings

DATA_DIR = click.option(
    "--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Where everything is kept [.storeloom]."
)


@click.command()
@DATA_DIR
@click.option("--port", default=8000, show_default=True, help="TCP port on 127.0.0.1; 0 takes any free one.")
@click.option("--demo", is_flag=True, help="Connect simulated stores and publish their feed.")
@click.option(
    "--catalog",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Product CSV (WooCommerce or Shopify export) the simulated store starts with.",
)
def up(data_dir: Path | None, port: int, demo: bool, catalog: Path | None) -> None:
    """Start database, Valkey, web, workers and, with --demo, simulated stores; keep them running until Ctrl-C.

    Prints `READY http://127.0.0.1:<port>` when everything is at work. With DATABASE_URL and REDIS_URL set, those are
    used instead of the embedded PostgreSQL and Valkey.
    """
    from backend.embedded.up import UpOptions
    from backend.embedded.up import up as start
    from migrations.runner import upgrade

    def set_demo_up(instance: object) -> dict[str, object]:
        from backend.commands.demo import set_up

        return set_up(instance, catalog)  # type: ignore[arg-type]

    options = UpOptions(
        data_dir=data_dir or default_data_dir(), port=port, migrate=upgrade, demo=set_demo_up if demo else None
    )
    raise SystemExit(start(options))


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="TCP port to listen on.")
@click.option("--workers", default=1, show_default=True, help="Web processes, one per core to spare.")
def serve(host: str, port: int, workers: int) -> None:
    """Run the web process alone, against DATABASE_URL and REDIS_URL."""
    from backend.embedded.web_server import run_web

    _need_addresses()
    run_web(host, port, workers)


@click.command()
@click.option("--queue", type=click.Choice(["fast", "long"]), required=True, help="Which jobs to work off.")
def worker(queue: str) -> None:
    """Run one background worker alone, against DATABASE_URL and REDIS_URL."""
    import uvloop

    from backend.worker import work

    _need_addresses()

    async def until_stopped() -> None:
        task = asyncio.ensure_future(work(load_settings(), queue, default_data_dir()))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            return

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_stopped())


@click.command()
@click.option("--revision", default="head", show_default=True, help="Where to go; `base` empties the schema.")
@click.option("--down", is_flag=True, help="Go back to the revision instead of forward.")
def migrate(revision: str, down: bool) -> None:
    """Bring the database at DATABASE_URL to a revision."""
    from migrations.runner import downgrade, upgrade

    url = load_settings().database.url
    if not url:
        raise invalid("NO_DATABASE", "Set DATABASE_URL, or use `storeloom up`, which brings its own database")
    (downgrade if down else upgrade)(url, revision)
    click.echo(f"schema at {revision}")


def _need_addresses() -> None:
    settings = load_settings()
    missing = [
        name
        for name, value in (("DATABASE_URL", settings.database.url), ("REDIS_URL", settings.redis.url))
        if not value
    ]
    if missing:
        raise invalid("NO_ADDRESS", f"Set {' and '.join(missing)}, or use `storeloom up`, which brings its own")
    # Said here in one line: the processes that a server starts would say it in a traceback each.
    driver_url(settings.database.url)
    try:
        Sealer(settings.secrets.keys)
    except ValueError as error:
        raise SettingsError(str(error)) from None
