"""Pages for people, made on the server: they read a service, build a context and render a template.

    surface     the one `Surface` of `/panel` and the addresses that lead into it
    session     the cookie that holds a panel token      csrf   what every form must carry
    shell       what each page shows around its content  templating   the Jinja environment and its filters
    panel/      one file per page                        templates/ static/   what it looks like

Everything works without JavaScript; `static/panel.js` only saves reloads.
"""
