# Twin of reject/d4-empty-rex.s, without the fault.
function f
        .byte 0x89,0xc8
        ret
end f
