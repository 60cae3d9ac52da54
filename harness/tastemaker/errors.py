"""The one exception for mistakes a user can fix."""


class UserError(Exception):
    """A mistake in the call or the files; printed without a traceback, exit code 2.

    The message says where, what, and how to fix it; several problems stand on lines of their own.
    """
