"""Login, logout and passwords (decision G17)."""

import uuid

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from backend.api.plugin.auth import FOR_PLUGIN, PUBLIC
from backend.api.plugin.fields import WITH_TOKEN, Email, Jwt, MailedToken, Password, refusals
from backend.domain.access.passwords import AccessService, Login, PasswordLogin
from backend.kit.discreet import Discreet
from backend.ports.actor import Actor


class LoginIn(Discreet, msgspec.Struct):
    """E-mail and password of a panel user."""

    email: Email
    password: Password


class UserOut(msgspec.Struct):
    """A user."""

    id: uuid.UUID
    email: str


class LoginOut(Discreet, msgspec.Struct):
    """A token and whose it is."""

    token: Jwt
    user: UserOut


class DoneOut(msgspec.Struct):
    """It was done, or will be."""

    success: bool
    message: str


class ForgotIn(msgspec.Struct):
    """Whose password is forgotten."""

    email: Email


class ResetIn(Discreet, msgspec.Struct):
    """The mailed token and the new password."""

    token: MailedToken
    password: Password


def login_out(login: Login) -> LoginOut:
    """Present a login."""
    return LoginOut(token=login.token, user=UserOut(id=login.user_id, email=login.email))


@post(
    "/auth/login",
    status_code=200,
    opt=PUBLIC,
    operation_id="plugin.login",
    summary="Log in",
    tags=["Sessions"],
    responses=refusals(400, 401, s401="The e-mail or the password is wrong."),
)
async def login(data: JSONBody[LoginIn], password_login: NamedDependency[PasswordLogin]) -> LoginOut:
    """Exchange e-mail and password for a token."""
    return login_out(await password_login.login(data.email, data.password))


@post(
    "/auth/logout",
    status_code=200,
    opt=FOR_PLUGIN,
    security=WITH_TOKEN,
    operation_id="plugin.logout",
    summary="Log out",
    tags=["Sessions"],
    responses=refusals(401, 403),
)
async def logout(actor: NamedDependency[Actor], access: NamedDependency[AccessService]) -> DoneOut:
    """Revoke the token in use, at once and for good."""
    await access.logout(actor)
    return DoneOut(success=True, message="Logged out")


@post(
    "/auth/password/forgot",
    status_code=202,
    opt=PUBLIC,
    operation_id="plugin.forgot_password",
    summary="Ask for a password link",
    tags=["Sessions"],
    responses=refusals(400),
)
async def forgot_password(data: JSONBody[ForgotIn], access: NamedDependency[AccessService]) -> DoneOut:
    """Mail a link that sets a password, if there is such an account; the answer is the same either way."""
    await access.forget_password(data.email)
    return DoneOut(success=True, message="If there is an account with this e-mail, a link is on its way")


@post(
    "/auth/password/reset",
    status_code=200,
    opt=PUBLIC,
    operation_id="plugin.reset_password",
    summary="Set a password",
    tags=["Sessions"],
    responses=refusals(400),
)
async def reset_password(data: JSONBody[ResetIn], access: NamedDependency[AccessService]) -> DoneOut:
    """Set a password by a mailed link; every earlier token of the user is revoked."""
    await access.reset_password(data.token, data.password)
    return DoneOut(success=True, message="The password is set; log in with it")
