"""Which rows hosts see at `/host/`, each with its page."""

from podium.challenges.models import Challenge, DatasetVersion, Page, Phase, Role, RulesVersion, Task
from podium.hosts.boards import BoardAdmin
from podium.hosts.challenges import ChallengeAdmin, PageAdmin, RoleAdmin, RulesAdmin
from podium.hosts.competing import SubmissionAdmin, TeamAdmin
from podium.hosts.data import DatasetVersionAdmin
from podium.hosts.evaluating import PhaseAdmin, TaskAdmin
from podium.hosts.site import host_site
from podium.leaderboards.models import Board
from podium.submissions.models import Submission
from podium.teams.models import Team

host_site.register(Challenge, ChallengeAdmin)
host_site.register(Role, RoleAdmin)
host_site.register(Page, PageAdmin)
host_site.register(RulesVersion, RulesAdmin)
host_site.register(DatasetVersion, DatasetVersionAdmin)
host_site.register(Task, TaskAdmin)
host_site.register(Phase, PhaseAdmin)
host_site.register(Board, BoardAdmin)
host_site.register(Team, TeamAdmin)
host_site.register(Submission, SubmissionAdmin)
