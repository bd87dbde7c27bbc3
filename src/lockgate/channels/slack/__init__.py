"""Slack: people are asked in a room of one workspace, and those who linked their account decide there what is of low
or medium risk.

In: notices of the outbox, and what Slack delivers over HTTP, signed. Out: Block Kit messages of the stored, masked view
that follow the request wherever it is decided, and votes, handed to the approvals service. It never renders a view anew,
never believes Slack about who a person is (accounts are linked by logging in on both sides), and shows no button under
what it cannot show whole.
"""

from lockgate.channels.slack.blocks import show
from lockgate.channels.slack.service import Slack
from lockgate.channels.slack.settings import SlackSettings

__all__ = ["Slack", "SlackSettings", "show"]
