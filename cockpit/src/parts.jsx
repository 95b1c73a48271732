/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the page is made of: PatternFly's elements, as far as they are needed. */
import { useId } from "preact/hooks";

/* A part of the page with a heading, which screen readers list as a region. */
export function Section({ title, note, children }) {
    const id = useId();

    return (
        <section class="pf-v6-c-card" aria-labelledby={id}>
            <div class="pf-v6-c-card__title">
                <h2 class="pf-v6-c-card__title-text" id={id}>{title}</h2>
                {note && <p class="note">{note}</p>}
            </div>
            <div class="pf-v6-c-card__body">{children}</div>
        </section>
    );
}

/* @kind: primary, secondary, danger or link */
export function Button({ kind = "secondary", children, ...more }) {
    return (
        <button type="button" class={`pf-v6-c-button pf-m-${kind}`} {...more}>
            <span class="pf-v6-c-button__text">{children}</span>
        </button>
    );
}

/* @colour: red, orange, green, blue or grey */
export function Label({ colour = "grey", children }) {
    return (
        <span class={`pf-v6-c-label pf-m-compact pf-m-${colour}`}>
            <span class="pf-v6-c-label__content"><span class="pf-v6-c-label__text">{children}</span></span>
        </span>
    );
}

/* Rows of [term, description]; those without a description are left out. */
export function Facts({ rows }) {
    return (
        <dl class="pf-v6-c-description-list pf-m-horizontal pf-m-compact">
            {rows.filter(([, description]) => description).map(([term, description]) => (
                <div class="pf-v6-c-description-list__group" key={term}>
                    <dt class="pf-v6-c-description-list__term"><span class="pf-v6-c-description-list__text">{term}</span></dt>
                    <dd class="pf-v6-c-description-list__description">
                        <div class="pf-v6-c-description-list__text">{description}</div>
                    </dd>
                </div>
            ))}
        </dl>
    );
}

/* @columns: titles; @rows: {key, cells}. On a narrow screen each row is a block that repeats the titles. */
export function Table({ label, columns, rows }) {
    return (
        <table class="pf-v6-c-table pf-m-grid-md pf-m-compact" role="grid" aria-label={label}>
            <thead class="pf-v6-c-table__thead">
                <tr class="pf-v6-c-table__tr" role="row">
                    {columns.map(title => <th class="pf-v6-c-table__th" role="columnheader" scope="col" key={title}>{title}</th>)}
                </tr>
            </thead>
            <tbody class="pf-v6-c-table__tbody" role="rowgroup">
                {rows.map(({ key, cells }) => (
                    <tr class="pf-v6-c-table__tr" role="row" key={key}>
                        {cells.map((cell, index) => (
                            <td class={cell === "" ? "pf-v6-c-table__td empty" : "pf-v6-c-table__td"} role="cell" data-label={columns[index]} key={columns[index]}>
                                <div>{cell}</div>
                            </td>
                        ))}
                    </tr>
                ))}
            </tbody>
        </table>
    );
}

const SHAPES = {
    success: "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm-1.5 14.5-4-4L8 11l2.5 2.5L16 8l1.5 1.5z",
    warning: "M12 2 1 21h22zm-1 7h2v6h-2zm0 8h2v2h-2z",
    danger: "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm-1 5h2v7h-2zm0 9h2v2h-2z",
    info: "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm-1 5h2v2h-2zm0 4h2v6h-2z",
};

/* @kind: success, warning, danger or info. What it says is said in words too: @title begins with nothing that the colour alone
 * tells. */
export function Alert({ kind, title, children, ...more }) {
    return (
        <div class={`pf-v6-c-alert pf-m-inline pf-m-${kind}`} {...more}>
            <div class="pf-v6-c-alert__icon">
                <svg viewBox="0 0 24 24" width="1em" height="1em" fill="currentColor" aria-hidden="true"><path d={SHAPES[kind]} /></svg>
            </div>
            <p class="pf-v6-c-alert__title">{title}</p>
            {children && <div class="pf-v6-c-alert__description">{children}</div>}
        </div>
    );
}
