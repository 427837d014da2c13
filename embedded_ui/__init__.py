"""Pages for people, made on the server: they read a service, build a context and render a template.

    surface     the one `Surface` of `/panel` and the addresses that lead into it
    session     the cookie that holds a panel token      csrf   what every form must carry
    shell       what each page shows around its content  templating   the Jinja environment and its filters
    panel/      one file per page                        templates/ static/   what it looks like
    app/        the page inside the Shopify admin: a surface of its own, without cookies

The panel works without JavaScript; `static/panel.js` only saves reloads. The page in the admin can be read without it.
"""
