# Twin of reject/d3-repeat-on-return.s, without the fault.
function f
        ret
end f
