"""`storeloom …`: the operator's way in. Each command lives in `backend.commands`; heavy imports wait until one runs."""

import sys
from importlib import import_module
from typing import Any

import click

COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("backend.commands.running:up", "Start everything on this machine and keep it running."),
    "serve": ("backend.commands.running:serve", "Run the web process alone."),
    "worker": ("backend.commands.running:worker", "Run one background worker alone."),
    "migrate": ("backend.commands.running:migrate", "Bring the database to the newest schema."),
    "org": ("backend.commands.organizations:org", "Make organizations and put them on plans."),
    "jwt": ("backend.commands.organizations:jwt", "Issue tokens for the panel and plugin API."),
    "key": ("backend.commands.keys:key", "Make, rotate and revoke API keys."),
    "token": ("backend.commands.tokens:token", "Make and revoke tokens of the price monitoring API."),
    "sandbox": ("backend.commands.sandbox:sandbox", "Host and make simulated stores."),
    "import-products": ("backend.commands.products:import_products", "Bring a product CSV into the catalog."),
    "sync": ("backend.commands.change_sets:sync", "Bring a store's catalog in, preview and undo writes, show runs."),
    "store": ("backend.commands.stores:store", "Show and change settings of stores."),
    "listings": ("backend.commands.listings:listings", "See what stores did not take, and what is sold where."),
    "conflicts": ("backend.commands.conflicts:conflicts", "Decide fields that catalog and store changed both."),
    "stock": ("backend.commands.stock:stock", "See and adjust pieces."),
    "oversells": ("backend.commands.stock:oversells", "See and settle what was sold and nobody had."),
    "history": ("backend.commands.time_travel:history", "Show what changed in a product."),
    "restore": ("backend.commands.time_travel:restore", "Bring the catalog back to what it was."),
    "links": ("backend.commands.links:links", "Decide which products of stores are the same article."),
    "feed": ("backend.commands.feeds:feed", "Make and publish feeds."),
    "price": ("backend.commands.price:price", "Record and show what was read on tracked pages."),
    "webhooks": ("backend.commands.webhooks:webhooks", "See what platforms sent, and retry what failed."),
    "secrets": ("backend.commands.secrets:secrets", "Rotate the keys that seal and sign."),
}


class LazyGroup(click.Group):
    """A group that imports a command when it is called, so that `--help` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        found: click.Command = getattr(import_module(module), name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="storeloom")
def cli() -> None:
    """Storeloom: a self-hosted hub between online stores and everything around them.

    Commands find the instance by --data-dir, else by DATABASE_URL and REDIS_URL, else in .storeloom.
    """


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line; every failure is one line on stderr and a non-zero exit code."""
    from backend.commands.instance import explain

    try:
        return cli.main(args=arguments, prog_name="storeloom", standalone_mode=False) or 0
    except click.exceptions.Abort:
        sys.exit(130)
    except click.exceptions.Exit as wanted:
        sys.exit(wanted.exit_code)
    except click.ClickException as error:
        command = getattr(getattr(error, "ctx", None), "command_path", "storeloom")
        click.echo(f"storeloom: {' '.join(error.format_message().split())} (see `{command} --help`)", err=True)
        sys.exit(error.exit_code)
    except Exception as error:
        click.echo(f"storeloom: {explain(error)}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    sys.exit(main())
