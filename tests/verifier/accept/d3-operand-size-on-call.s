# Twin of reject/d3-operand-size-on-call.s, without the fault.
function f
        call g
        ret
end f
function g
        ret
end g
