"""Every form of the site, allauth's too, in Podium's markup: label, help, control, error."""

from typing import Any

from django.forms.renderers import DjangoTemplates, TemplatesSetting

# The class of a control, by the template that Django draws it with. Others (check boxes, hidden fields) need none
CONTROL_CLASSES = {
    **dict.fromkeys(
        ("text", "number", "email", "url", "password", "search", "date", "datetime", "time", "color", "tel"), "input"
    ),
    "file": "input",
    "clearable_file_input": "input",
    "select": "select",
    "textarea": "textarea",
}


class PodiumRenderer(TemplatesSetting):
    """Draws fields with `includes/field.html` and gives controls their class; a class that a form sets itself stays."""

    form_template_name = "includes/form.html"
    field_template_name = "includes/field.html"
    _stock = DjangoTemplates()

    def get_template(self, template_name: str) -> Any:
        """Find Django's own widget templates, the admin's too, where Django has them, and ours in the site's folder."""
        if template_name.startswith(("django/forms/", "admin/widgets/")):
            return self._stock.get_template(template_name)
        return super().get_template(template_name)

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        """Draw a template; a widget's gets its class first."""
        if "widget" in context:
            _add_class(context["widget"], template_name)
        return str(super().render(template_name, context, request))


def _add_class(widget: dict[str, Any], template_name: str) -> None:
    kind = template_name.rpartition("/")[2].removesuffix(".html")
    name = CONTROL_CLASSES.get(kind)
    if name and not widget["attrs"].get("class"):
        widget["attrs"] = {**widget["attrs"], "class": name}
