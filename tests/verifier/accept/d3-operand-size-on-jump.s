# Twin of reject/d3-operand-size-on-jump.s, without the fault.
function f
        .byte 0xe9,0,0,0,0
        ret
end f
