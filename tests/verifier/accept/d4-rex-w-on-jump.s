# Twin of reject/d4-rex-w-on-jump.s, without the fault.
function f
        .byte 0xe9,0,0,0,0
        ret
end f
