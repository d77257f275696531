# Twin of reject/d3-operand-size-on-branch.s, without the fault.
function f
        .byte 0x0f,0x84,0,0,0,0
        ret
end f
