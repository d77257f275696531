# Twin of reject/c1-unreached-loop.s, without the fault.
function f
        ret
        ud2
end f
