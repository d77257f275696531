# Twin of reject/d3-branch-hint-taken.s, without the fault.
function f
        .byte 0x74,0x00
        ret
end f
