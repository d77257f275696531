# Twin of reject/m5-string-store-with-window-prefixes.s, without the fault.
function f
        nop
        ret
end f
